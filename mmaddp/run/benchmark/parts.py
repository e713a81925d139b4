"""How the time of a call is shared among the parts of a model."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from torch import nn
from torch.utils.benchmark import timer

REST = 'everything else'


def seconds_of_parts(work: Callable[[], Any], parts: dict[str, nn.Module]) -> dict[str, float]:
    """Seconds that the forward passes of parts take in one call, and what is left.

    The clock waits for the device before and after each part, so the sum can exceed the time of
    an undisturbed call.
    """
    seconds = dict.fromkeys(parts, 0.0)
    begun: dict[str, float] = {}

    def started(name: str) -> Callable:
        def hook(module, inputs):
            begun[name] = timer()

        return hook

    def ended(name: str) -> Callable:
        def hook(module, inputs, output):
            seconds[name] += timer() - begun[name]

        return hook

    with ExitStack() as hooks:
        for name, module in parts.items():
            hooks.callback(module.register_forward_pre_hook(started(name)).remove)
            hooks.callback(module.register_forward_hook(ended(name)).remove)
        begin = timer()
        work()
        total = timer() - begin
    return {**seconds, REST: total - sum(seconds.values())}
