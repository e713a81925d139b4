"""The parts of a network that repeat, such as the layers of a transformer."""

from collections.abc import Iterator

from torch import nn


def repeated_blocks(model: nn.Module) -> dict[str, nn.Module]:
    """Find the trained blocks of a network: what is in its lists of modules, outermost lists only.

    These are the layers of transformers, the levels of a tokenizer, the convolutions of a pyramid
    or a head. Blocks that are frozen are not among them.

    Args:
        model (nn.Module): The network.

    Returns:
        dict[str, nn.Module]: Blocks by name.
    """
    return dict(_blocks(model, ''))


def _blocks(module: nn.Module, prefix: str) -> Iterator[tuple[str, nn.Module]]:
    for name, child in module.named_children():
        if isinstance(module, nn.ModuleList) and not isinstance(child, nn.ModuleList):
            if any(parameter.requires_grad for parameter in child.parameters()):
                yield f'{prefix}{name}', child
        else:
            yield from _blocks(child, f'{prefix}{name}.')
