"""A console that shows what matters; the log file has everything, as long as it can be written."""

import functools
import logging
import re
import sys

from mmengine.logging import MMLogger
from mmengine.logging import print_log as original_print

# First words of the long messages that every run of mmengine starts with.
BANNERS = ('System environment:', 'Config:', 'Hooks will be executed in the following order:')
# What mmengine says of each parameter of a model that starts untrained: hundreds of messages.
INIT_INFO = re.compile(r'\n\S+ - torch\.Size\(')


def is_banner(record: logging.LogRecord) -> bool:
    """Whether a message is one of those that every run starts with."""
    return str(record.msg).lstrip('-\n ').startswith(BANNERS)


def is_init_info(record: logging.LogRecord) -> bool:
    """Whether a message says how one parameter was initialised."""
    return INIT_INFO.match(str(record.msg)) is not None


def install() -> None:
    """Keep off the console messages for debugging, those of single parameters, and banners.

    The log file holds banners; without one, the console does.
    """

    @functools.wraps(original_print)
    def print_log(msg, logger=None, level=logging.INFO) -> None:
        if logger is not None or level > logging.DEBUG:
            original_print(msg, logger, level)

    for name in ('mmengine.logging', MMLogger.__module__):
        sys.modules[name].print_log = print_log
    original_init = MMLogger.__init__

    @functools.wraps(original_init)
    def init(self, *args, **kwargs) -> None:
        original_init(self, *args, **kwargs)
        files = [item for item in self.handlers if isinstance(item, logging.FileHandler)]
        for handler in self.handlers:
            if handler in files:
                handler.handleError = functools.partial(_say_once, handler)
                continue
            handler.addFilter(lambda record: not is_init_info(record))
            if files:
                handler.addFilter(lambda record: not is_banner(record))

    MMLogger.__init__ = init


def _say_once(handler: logging.FileHandler, record: logging.LogRecord) -> None:
    """Say in one line that a log file cannot be written, where logging prints call stacks."""
    error = sys.exc_info()[1]
    if not isinstance(error, OSError):
        logging.FileHandler.handleError(handler, record)
    elif not getattr(handler, 'is_reported', False):
        handler.is_reported = True
        print(
            f'The log file {handler.baseFilename} cannot be written ({error.strerror}): its lines '
            'are on the console only.',
            file=sys.stderr,
        )
