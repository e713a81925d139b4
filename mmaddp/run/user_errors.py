"""One line for what a user can mend, a traceback for what is ours."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def user_errors(tool: str) -> Iterator[None]:
    """End a command-line tool with a message if a file or a value is wrong.

    Args:
        tool (str): Name of the tool, put in front of the message.
    """
    try:
        yield
    except (OSError, ValueError) as error:
        sys.exit(f'{tool}: {error}')
