import logging
import os

import mmengine.logging
import pytest
from mmengine.logging import MMLogger
from mmengine.model import BaseModule
from torch.nn import Linear

import mmaddp  # noqa: F401, makes the change

pytestmark = pytest.mark.slow

BANNER = '\n------\nSystem environment:\n    a: b\n------\n'
CONFIG = 'Config:\na = 1'
HOOKS = 'Hooks will be executed in the following order:\nbefore_run:'
WANTED = ('Epoch(train) [1]', 'classes:\n| a | b |')


def test_console_is_short_and_the_file_is_whole(tmp_path, capsys):
    logger = MMLogger('quiet', 'quiet', log_file=str(tmp_path / 'run.log'))
    for message in (BANNER, CONFIG, HOOKS, *WANTED):
        logger.info(message)
    shown, written = capsys.readouterr().out, (tmp_path / 'run.log').read_text()
    assert all(message in written for message in (BANNER, CONFIG, HOOKS, *WANTED))
    assert all(message in shown for message in WANTED)
    assert not any(message in shown for message in (BANNER, CONFIG, HOOKS))


@pytest.mark.skipif(not os.access('/dev/full', os.W_OK), reason='needs /dev/full')
def test_full_disk_is_reported_once_and_the_console_goes_on(tmp_path, capsys):
    (tmp_path / 'run.log').symlink_to('/dev/full')
    logger = MMLogger('full', 'full', log_file=str(tmp_path / 'run.log'))
    logger.info('first')
    logger.info('second')
    shown = capsys.readouterr()
    assert 'first' in shown.out and 'second' in shown.out
    assert shown.err.count('cannot be written (No space left on device)') == 1
    assert 'Traceback' not in shown.err


def test_without_a_file_the_console_has_everything(capsys):
    MMLogger('loud', 'loud').info(CONFIG)
    assert CONFIG in capsys.readouterr().out


def test_how_parameters_start_is_not_printed(capsys):
    class Net(BaseModule):
        def __init__(self):
            super().__init__()
            self.layer = Linear(2, 2)

    MMLogger.get_instance('start')
    assert MMLogger.get_current_instance().instance_name == 'start'
    Net().init_weights()
    MMLogger.get_current_instance().info('shown')
    shown = capsys.readouterr().out
    assert 'shown' in shown and 'layer.weight' not in shown


def test_messages_for_debugging_are_not_printed(capsys):
    mmengine.logging.print_log('Could not import', level=logging.DEBUG)
    mmengine.logging.print_log('A message')
    assert capsys.readouterr().out == 'A message\n'


def test_tools_begin_without_remarks_of_the_hosts(run_python):
    code = 'import mmaddp, mmpretrain.datasets, mmdet.datasets, mmseg.datasets'
    assert 'OneDL' not in run_python(code)
