"""--resume as a user gives it: what is found, what is refused, what is never executed."""

import pytest
import torch
from test_tools.conftest import ROOT, TOY

pytestmark = pytest.mark.slow

TRAIN = ['python', ROOT / 'tools' / 'train.py']


@pytest.fixture
def train(call_tool, toy_options):
    """Train the toy for a number of epochs in a folder; return status and output."""

    def run(folder, *arguments, epochs=2, options=()):
        # The schedule is that of three epochs, however early a run ends.
        settings = [f'train_cfg.max_epochs={epochs}', 'param_scheduler.end=3']
        kept = ['default_hooks.checkpoint.interval=1', 'default_hooks.checkpoint.max_keep_ckpts=9']
        done = call_tool(
            *('train.py', TOY, '--work-dir', folder, *arguments),
            *('--cfg-options', *toy_options, *settings, *kept, *options),
        )
        return done

    return run


@pytest.mark.parametrize('door', ['file', 'auto'])
def test_the_text_of_a_checkpoint_is_not_run(train, tmp_path, door):
    assert train('a').returncode == 0
    path = tmp_path / 'a' / 'epoch_2.pth'
    content = torch.load(path, weights_only=True)
    content['meta']['config'] = "open('executed', 'w').close()\n"
    torch.save(content, path)
    resume = ['--resume'] if door == 'auto' else ['--resume', path]
    done = train('a' if door == 'auto' else 'b', *resume, epochs=3)
    assert done.returncode == 0 and 'resumed epoch: 2' in done.stdout, done.stdout
    assert not (tmp_path / 'executed').exists()


def test_without_pointer_in_a_moved_folder_with_a_damaged_newest(train, tmp_path):
    assert train('a').returncode == 0
    moved = (tmp_path / 'a').rename(tmp_path / 'b')
    done = train('b', '--resume', epochs=3)
    assert done.returncode == 0 and 'resumed epoch: 2' in done.stdout, done.stdout
    (moved / 'last_checkpoint').unlink()
    newest = moved / 'epoch_3.pth'
    newest.write_bytes(newest.read_bytes()[:-1000])
    done = train('b', '--resume', epochs=3)
    assert done.returncode == 0 and 'resumed epoch: 2' in done.stdout, done.stdout
    assert 'epoch_3.pth is cut off or damaged' in done.stdout
    assert 'last_checkpoint is missing' in done.stdout


def test_the_first_start_takes_load_from_and_the_second_goes_on(train, tmp_path):
    assert train('a', epochs=1).returncode == 0
    start = (tmp_path / 'a' / 'epoch_1.pth').rename(tmp_path / 'start.pth')
    options = [f'load_from={start}']
    first = train('b', '--resume', epochs=1, options=options)
    assert first.returncode == 0 and 'tensors of' in first.stdout, first.stdout
    assert 'start.pth' in first.stdout and 'resumed epoch' not in first.stdout
    second = train('b', '--resume', epochs=2, options=options)
    assert second.returncode == 0 and 'resumed epoch: 1' in second.stdout, second.stdout


def test_weights_without_a_training_are_refused_in_one_line(train, tmp_path):
    assert train('a', epochs=1).returncode == 0
    content = torch.load(tmp_path / 'a' / 'epoch_1.pth', weights_only=True)
    del content['optimizer']
    torch.save(content, tmp_path / 'best.pth')
    done = train('b', '--resume', tmp_path / 'best.pth')
    assert done.returncode == 1 and 'Traceback' not in done.stdout
    message = done.stdout[done.stdout.index('train: ') :]
    assert 'best.pth cannot be resumed' in message and 'the optimizer is missing' in message
    assert f'--cfg-options load_from={tmp_path / "best.pth"}' in message
