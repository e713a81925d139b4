"""Import hook that lets ``mmcv.ops`` be imported without compiled operators.

``mmcv.ops`` needs the extension module ``mmcv._ext``, which plain ``pip install`` does not
build. The hook waits for its import, so that ``import mmaddp`` itself loads neither mmcv nor
torchvision.
"""

import sys
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import module_from_spec, spec_from_loader
from types import ModuleType
from typing import Optional

EXTENSION = 'mmcv._ext'


class ExtensionLoader(Loader):
    """Loads the compiled operators if they exist and work, else the stand-in.

    Args:
        compiled (Optional[ModuleSpec]): Spec of the compiled operators, None if there are none.
    """

    def __init__(self, compiled: Optional[ModuleSpec]) -> None:
        self.compiled = compiled

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return the module, executed. An extension for another torch raises ImportError."""
        if self.compiled is not None:
            try:
                module = module_from_spec(self.compiled)
                self.compiled.loader.exec_module(module)
                return module
            except ImportError as error:
                reason = f'they do not load here: {error}'
        else:
            reason = 'they are not installed'
        stand_in = import_module('mmaddp.compat.ops_stand_in')
        return stand_in.StandInOps(spec.name, reason)

    def exec_module(self, module: ModuleType) -> None:
        """Do nothing: ``create_module`` has executed the module already."""


class ExtensionFinder(MetaPathFinder):
    """Answers for ``mmcv._ext`` and for nothing else."""

    def find_spec(self, fullname, path=None, target=None) -> Optional[ModuleSpec]:
        """Return a spec whose loader falls back on the stand-in."""
        if fullname != EXTENSION:
            return None
        return spec_from_loader(fullname, ExtensionLoader(PathFinder.find_spec(fullname, path)))


def install() -> None:
    """Put the hook first in the import system, once."""
    if not any(isinstance(finder, ExtensionFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, ExtensionFinder())
