import errno

import pytest
from mmengine.logging import MMLogger

from mmaddp.run.user_errors import message_of, user_errors


@pytest.fixture(autouse=True)
def no_log_files(monkeypatch):
    """Other tests of this process may have left loggers."""
    monkeypatch.setattr(MMLogger, '_instance_dict', {})


def end(error, **options):
    with pytest.raises(SystemExit) as ended, user_errors('tool', **options):
        raise error
    return ended.value.code


@pytest.mark.parametrize(
    'error, parts',
    [
        (ValueError('a is wrong'), ['tool: a is wrong']),
        (FileNotFoundError(errno.ENOENT, 'No such file', 'x.py'), ["'x.py'"]),
        (OSError(errno.ENOSPC, 'No space left on device'), ['disk is full']),
        (KeyError('lost'), ['KeyError', 'lost', 'test_user_errors.py, line', '--traceback']),
        (AssertionError(), ['AssertionError', 'test_user_errors.py, line']),
        (MemoryError(), ['not enough memory']),
        (ModuleNotFoundError("No module named 'mmengine'", name='mmengine'), ['.venv/bin/activ']),
        (ModuleNotFoundError("No module named 'torch.x'", name='torch.x'), ['setup_env.sh']),
    ],
)
def test_every_error_is_one_message(error, parts):
    message = end(error)
    assert message.startswith('tool: ')
    assert all(part in message for part in parts), message


def test_other_missing_modules_do_not_blame_the_environment():
    message = message_of(ModuleNotFoundError("No module named 'abc_x'", name='abc_x'))
    assert 'activate' not in message and 'abc_x' in message


def test_traceback_is_there_when_asked_for():
    with pytest.raises(KeyError), user_errors('tool', traceback=True):
        raise KeyError('a')
    with pytest.raises(ValueError), user_errors('tool', traceback=True):
        raise ValueError('a')


def test_traceback_goes_to_the_log_file(tmp_path):
    logger = MMLogger('with_file', 'with_file', log_file=str(tmp_path / 'run.log'))
    MMLogger._instance_dict['with_file'] = logger
    message = end(KeyError('lost'))
    assert str(tmp_path / 'run.log') in message
    text = (tmp_path / 'run.log').read_text()
    assert 'Traceback' in text and "KeyError: 'lost'" in text


def test_interruption_is_one_line(capsys):
    with pytest.raises(SystemExit) as ended, user_errors('tool', interrupted=lambda: 'Go on so.'):
        raise KeyboardInterrupt
    assert ended.value.code == 130
    assert capsys.readouterr().err == 'tool: stopped. Go on so.\n'


def test_what_ends_well_ends_well():
    with user_errors('tool'):
        pass
    with pytest.raises(SystemExit) as ended, user_errors('tool'):
        raise SystemExit(3)
    assert ended.value.code == 3
