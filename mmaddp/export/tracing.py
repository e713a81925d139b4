"""From a network to a graph whose sizes are free."""

from collections.abc import Mapping

import torch
from torch.export import Dim, ExportedProgram, export

from .network import Axis, Network, Tensors


def trace(network: Network) -> ExportedProgram:
    """Trace a network with ``torch.export``.

    Args:
        network (Network): On the CPU.

    Returns:
        ExportedProgram: Takes all sizes that its axes allow.
    """
    inputs = network.draw(traced_sizes(network.free_axes), torch.Generator().manual_seed(0))
    dims = {name: Dim(name, min=axis.least) for name, axis in network.free_axes.items()}
    shapes = {
        name: {place: dims[axis.name] for place, axis in axes.items()}
        for name, axes in network.axes.items()
    }
    with torch.no_grad():
        return export(
            network.module,
            ordered(network, inputs),
            dynamic_shapes=shapes,
            # Relations of sizes that hold always, but that the tracer cannot prove.
            prefer_deferred_runtime_asserts_over_guards=True,
        )


def output_names(network: Network) -> list[str]:
    """Names of the outputs, in the order in which the module returns them."""
    sizes = {name: max(2, axis.least) for name, axis in network.free_axes.items()}
    return list(network.reference(**network.draw(sizes, torch.Generator().manual_seed(0))))


def ordered(network: Network, inputs: Tensors) -> tuple[torch.Tensor, ...]:
    """Inputs by position."""
    return tuple(inputs[name] for name in network.axes)


def traced_sizes(axes: Mapping[str, Axis]) -> dict[str, int]:
    """Sizes for tracing: none of them 0 or 1, which would be taken for a constant."""
    return {
        name: max(2, (axis.tried[0] + axis.tried[1]) // 2, axis.least)
        for name, axis in axes.items()
    }
