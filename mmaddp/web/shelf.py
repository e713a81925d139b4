"""The models in memory."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Optional

import mmaddp
from mmaddp.apis import LoadedModel
from mmaddp.web.menu import Choice

# Models that are kept in memory at once.
KEPT = 4


class Shelf:
    """Loads models when they are wanted, and keeps those that were used last.

    Only the worker's thread calls :meth:`load`.

    Args:
        choices (Sequence[Choice]): The models that there are.
        device (str, optional): Where they compute. Defaults to None: the GPU if there is one.
    """

    def __init__(self, choices: Sequence[Choice], device: Optional[str] = None) -> None:
        self.choices = {choice.name: choice for choice in choices}
        self.device = device
        self._loaded: OrderedDict[str, LoadedModel] = OrderedDict()

    def load(self, name: str) -> LoadedModel:
        """The model of an entry.

        Raises:
            FileNotFoundError: It is not there any more.
            ValueError: There is no such entry, or it cannot be loaded.
        """
        if name not in self.choices:
            raise ValueError(f'There is no model {name} on this page.')
        if name not in self._loaded:
            while len(self._loaded) >= KEPT:
                self._loaded.popitem(last=False)
            self._loaded[name] = mmaddp.load(self.choices[name].source, device=self.device)
        self._loaded.move_to_end(name)
        return self._loaded[name]

    def names(self, *tasks: str) -> list[str]:
        """Names of the models for some tasks; of all, if none is given."""
        return [one.name for one in self.choices.values() if not tasks or one.task in tasks]
