"""ADDP on the OpenMMLab stack; importing it makes the changes to the hosts that it needs.

``mmaddp.load`` and ``mmaddp.list_models`` are what most users need; ``mmaddp.apis`` has the rest.
"""

from importlib import import_module
from typing import Any

from . import compat
from .version import __version__

compat.install()

__all__ = ['__version__', 'list_models', 'load']

# Where these are; importing them imports the hosts, which takes seconds.
_LAZY = {'load': 'mmaddp.apis', 'list_models': 'mmaddp.run.model_list'}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return getattr(import_module(_LAZY[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
