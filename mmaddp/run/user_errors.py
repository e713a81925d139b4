"""One line for errors that a user can fix; the traceback goes to the log or is shown on request."""

import errno
import logging
import os
import sys
import traceback as tracebacks
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Optional

from mmaddp.run.commands import as_typed

# Packages without which nothing runs.
HOSTS = ('torch', 'torchvision', 'numpy', 'mmengine', 'mmcv', 'mmpretrain', 'mmdet', 'mmseg')
ENVIRONMENT = (
    'Activate the environment first (source .venv/bin/activate, in the folder of mmaddp), or make '
    'it with bash tools/setup/setup_env.sh.'
)
# Their messages are written for users.
PLAIN = (ValueError, OSError)


@contextmanager
def user_errors(
    tool: str, traceback: bool = False, interrupted: Optional[Callable[[], str]] = None
) -> Iterator[None]:
    """End a command-line tool with one message and status 1, whatever goes wrong.

    Unexpected errors are shown with the place where they occurred; the whole traceback goes to the
    log file of the run, if there is one.

    Args:
        tool (str): Name of the tool, put in front of the message.
        traceback (bool): Let errors through, for those who want to see where they come from.
            Defaults to False.
        interrupted (Callable, optional): Says what Ctrl-C leaves behind and how to continue.
            Defaults to None.
    """
    try:
        yield
    except KeyboardInterrupt:
        if traceback:
            raise
        if os.environ.get('RANK', '0') == '0':  # once, whatever the number of processes
            left = interrupted() if interrupted else ''
            print(f'{tool}: stopped. {left}'.strip(), file=sys.stderr)
        sys.exit(128 + 2)
    except Exception as error:
        if traceback:
            raise
        sys.exit(as_typed(f'{tool}: {message_of(error)}'))


def message_of(error: Exception) -> str:
    """What a user is told about an error."""
    name = type(error).__name__
    if isinstance(error, ModuleNotFoundError) and (error.name or '').split('.')[0] in HOSTS:
        return f'{error}. {ENVIRONMENT}'
    if isinstance(error, OSError) and error.errno == errno.ENOSPC and not error.filename:
        return f'{error}: the disk is full.'
    if isinstance(error, PLAIN):
        return str(error) or name
    if isinstance(error, MemoryError) or name == 'OutOfMemoryError':
        return f'There is not enough memory ({str(error).strip() or name}): use smaller batches.'
    kept = _log_traceback(error)
    return f'{name}: {error} ({_place_of(error)}; {kept or "--traceback shows the call stack"})'


def _place_of(error: Exception) -> str:
    """File and line that raised an error."""
    frames = tracebacks.extract_tb(error.__traceback__)
    return f'{frames[-1].filename}, line {frames[-1].lineno}' if frames else 'place unknown'


def _log_traceback(error: Exception) -> str:
    """Write the traceback to the log files of the run; say where, '' if there are none."""
    if 'mmengine.logging' not in sys.modules:
        return ''
    from mmengine.logging import MMLogger

    files = []
    for logger in MMLogger._instance_dict.values():
        for handler in logger.handlers:
            if isinstance(handler, logging.FileHandler):
                details = (type(error), error, error.__traceback__)
                record = logging.LogRecord('mmaddp', logging.ERROR, '', 0, '', (), details)
                handler.handle(record)
                files.append(Path(handler.baseFilename))
    return f'the whole traceback is in {files[-1]}' if files else ''
