"""What goes wrong is said in the page."""

import html
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import gradio as gr

from mmaddp.run.user_errors import PLAIN, message_of

LOG = logging.getLogger(__name__)


@contextmanager
def shown_in_page() -> Iterator[None]:
    """Show an error in the page of the user whose request it is; the server goes on.

    What is nobody's mistake is also logged, with its traceback.
    """
    try:
        yield
    except gr.Error:
        raise
    except Exception as error:
        if not isinstance(error, (*PLAIN, MemoryError)):
            LOG.exception('A request failed.')
        message = html.escape(message_of(error), quote=False)
        raise gr.Error(message, print_exception=False) from error


def whole_number(name: str, value: object, low: int, high: int) -> int:
    """A number that the page sends, which need not come from its sliders.

    Raises:
        ValueError: It is not within the limits.
    """
    if not isinstance(value, (int, float)) or not low <= value <= high or value != int(value):
        raise ValueError(f'{name} must be a whole number from {low} to {high}, got {value}.')
    return int(value)
