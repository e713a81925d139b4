"""Run code right after a module of a host has been imported, without importing it."""

import sys
from collections.abc import Callable
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Optional


class _AfterImport(MetaPathFinder):
    """Lets the other finders find a module, and adds the actions to run after its execution."""

    def __init__(self) -> None:
        self.waiting: dict[str, list[Callable[[], object]]] = {}

    def find_spec(self, fullname, path=None, target=None) -> Optional[ModuleSpec]:
        """Return the spec of a module that an action waits for; None for all others."""
        if fullname not in self.waiting:
            return None
        for finder in sys.meta_path:
            spec = None if finder is self else finder.find_spec(fullname, path, target)
            if spec is not None:
                self._extend(spec)
                return spec
        return None

    def _extend(self, spec: ModuleSpec) -> None:
        execute = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            execute(module)
            for action in self.waiting.pop(spec.name, ()):
                action()

        spec.loader.exec_module = exec_module


_finder = _AfterImport()


def after_import(module: str, action: Callable[[], object]) -> None:
    """Call ``action`` once a module has been executed: now if it is loaded, else after its import.

    Args:
        module (str): Its full name. For a package, its own submodules are loaded by then.
        action (Callable): Takes no arguments. It may import the module.
    """
    if module in sys.modules:
        action()
        return
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)
    _finder.waiting.setdefault(module, []).append(action)
