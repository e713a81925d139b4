"""What all users of the page share."""

from collections.abc import Sequence
from typing import Optional

from mmaddp.web.limits import Limits
from mmaddp.web.menu import Choice
from mmaddp.web.neighbours import Neighbours
from mmaddp.web.shelf import Shelf
from mmaddp.web.worker import Worker

# Events of this name wait for one another: the user sees how many are before him.
QUEUE = 'networks'
# What the browser shows at once, before the server does.
WAITING = "() => 'Waiting for the network; others may be before you ...'"
DEFAULT_LIMITS = Limits()


class Site:
    """Models, limits, and the one thread that works with the networks.

    Args:
        choices (Sequence[Choice]): The models, at least one.
        limits (Limits): What users may ask for. Defaults to ``DEFAULT_LIMITS``.
        device (str, optional): Where the networks compute. Defaults to None: the GPU if there is
            one.
    """

    def __init__(
        self,
        choices: Sequence[Choice],
        limits: Limits = DEFAULT_LIMITS,
        device: Optional[str] = None,
    ) -> None:
        self.limits = limits
        self.shelf = Shelf(choices, device)
        self.worker = Worker()
        self.neighbours = Neighbours(limits.training_pictures)
