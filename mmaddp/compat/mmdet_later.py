"""mmpretrain without mmdetection, until somebody imports it.

One module of mmpretrain subclasses a class of mmdetection, for mmdetection's models. Importing
that takes a third of the time of all imports.
"""

import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Optional

from .import_hook import after_import

MMDET = 'mmdet.models'
PACKAGE = 'mmpretrain.models.utils'
MODULE = f'{PACKAGE}.res_layer_extra_norm'
CLASS = 'ResLayerExtraNorm'


class LaterLoader(Loader):
    """Executes a module once mmdetection's models are there.

    Until then, its class is None, as the module itself has it where mmdetection is not installed.

    Args:
        loader (Loader): The module's own.
    """

    def __init__(self, loader: Loader) -> None:
        self.loader = loader

    def create_module(self, spec: ModuleSpec) -> None:
        """Let Python make an ordinary module."""

    def exec_module(self, module: ModuleType) -> None:
        """Execute the module, or wait."""
        if MMDET in sys.modules:
            self.loader.exec_module(module)
        else:
            setattr(module, CLASS, None)
            after_import(MMDET, lambda: self._fill(module))

    def _fill(self, module: ModuleType) -> None:
        self.loader.exec_module(module)
        setattr(sys.modules[PACKAGE], CLASS, getattr(module, CLASS))


class LaterFinder(MetaPathFinder):
    """Answers for that module of mmpretrain and for nothing else."""

    def find_spec(self, fullname, path=None, target=None) -> Optional[ModuleSpec]:
        """Return the module's spec, with a loader that waits."""
        spec = PathFinder.find_spec(fullname, path) if fullname == MODULE else None
        if spec is not None and spec.loader is not None:
            spec.loader = LaterLoader(spec.loader)
        return spec


def install() -> None:
    """Put the finder first in the import system, once."""
    if not any(isinstance(finder, LaterFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, LaterFinder())
