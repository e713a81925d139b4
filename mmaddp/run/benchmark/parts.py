"""How the time of a call is shared among the parts of a model."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from torch import nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.utils.benchmark import timer

REST = 'everything else'


class _Clock:
    """Times the outermost forward passes of some classes."""

    def __init__(self, parts: dict[str, nn.Module]) -> None:
        self.names = {type(module): name for name, module in parts.items()}
        self.seconds = dict.fromkeys(parts, 0.0)
        self.running: Any = None
        self.begun = 0.0

    def start(self, module: nn.Module, inputs: Any) -> None:
        if self.running is None and type(module) in self.names:
            self.running, self.begun = module, timer()

    def stop(self, module: nn.Module, inputs: Any, output: Any) -> None:
        if module is self.running:
            self.seconds[self.names[type(module)]] += timer() - self.begun
            self.running = None


def seconds_of_parts(work: Callable[[], Any], parts: dict[str, nn.Module]) -> dict[str, float]:
    """Seconds that the forward passes of parts take in one call, and what is left.

    Parts are known by their classes, because frozen ones may run on copies; what runs within
    another part belongs to that. The clock waits for the device before and after each part, so
    the sum can exceed the time of an undisturbed call.
    """
    clock = _Clock(parts)
    with ExitStack() as hooks:
        hooks.callback(register_module_forward_pre_hook(clock.start).remove)
        hooks.callback(register_module_forward_hook(clock.stop).remove)
        begin = timer()
        work()
        total = timer() - begin
    return {**clock.seconds, REST: total - sum(clock.seconds.values())}
