"""A network as it is exported, with what is needed to trace it and to compare it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

Tensors = dict[str, Tensor]


@dataclass(frozen=True)
class Axis:
    """A size that is chosen when the exported network is called.

    Attributes:
        name (str): Its name in the file.
        least (int): Smallest size.
        tried (tuple[int, int]): Smallest and largest size of the comparison, both included.
    """

    name: str
    least: int
    tried: tuple[int, int]


BATCH = Axis('batch', 1, (1, 3))


@dataclass(frozen=True)
class Network:
    """A network of a model, ready to be exported.

    Attributes:
        name (str): Name of its file, without ending.
        module (nn.Module): Takes the inputs by position, returns the outputs by name; no branch
            in it depends on a size.
        axes (Mapping): For each input, by name and in the module's order, its free axes.
        draw (Callable): Random inputs by name, from sizes by the name of their axis and a
            generator.
        reference (Callable): Outputs of the model itself, by name, for inputs by name.
    """

    name: str
    module: nn.Module
    axes: Mapping[str, Mapping[int, Axis]]
    draw: Callable[[Mapping[str, int], torch.Generator], Tensors]
    reference: Callable[..., Tensors]

    @property
    def free_axes(self) -> dict[str, Axis]:
        """All axes by name."""
        return {axis.name: axis for axes in self.axes.values() for axis in axes.values()}


def image_network(
    name: str,
    module: nn.Module,
    reference: Callable[[Tensor], Tensors],
    least: int,
    size: tuple[int, int],
    channels: int = 3,
) -> Network:
    """A network that takes normalised images of any size.

    Args:
        name (str): As in :class:`Network`.
        module (nn.Module): As in :class:`Network`; its input is ``images``, (B, 3, H, W).
        reference (Callable): As in :class:`Network`.
        least (int): Smallest height and width.
        size (tuple[int, int]): Height and width for which the network was made.
        channels (int): Channels of the images. Defaults to 3.

    Returns:
        Network: With free batch, height and width.
    """

    def side(which: str, pixels: int) -> Axis:
        low = max(least, pixels // 2)
        return Axis(which, least, (low, max(low, pixels * 3 // 2)))

    def draw(sizes: Mapping[str, int], generator: torch.Generator) -> Tensors:
        shape = (sizes['batch'], channels, sizes['height'], sizes['width'])
        return dict(images=torch.randn(shape, generator=generator))

    axes = {0: BATCH, 2: side('height', size[0]), 3: side('width', size[1])}
    return Network(name, module, dict(images=axes), draw, reference)
