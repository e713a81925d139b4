"""The unit of work of a generation run."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby


@dataclass(frozen=True)
class ImageBlock:
    """Images that are always computed together, each at its own place in the batch.

    The last bits of a result may depend on the batch it was computed in. So a block is always
    computed as a whole, with the seeds of all its image numbers, whichever of them are wanted: an
    image is then identical to the byte, whatever else a run generates.

    Attributes:
        first (int): Number of the first image, a multiple of ``size``.
        size (int): Images of the block: the batch size.
        wanted (tuple[int, ...]): Numbers of those that the run is to give, ascending.
    """

    first: int
    size: int
    wanted: tuple[int, ...]

    @property
    def indices(self) -> range:
        """Numbers of all images of the block."""
        return range(self.first, self.first + self.size)


def image_blocks(indices: Sequence[int], size: int) -> list[ImageBlock]:
    """Cut image numbers into blocks.

    Args:
        indices (Sequence[int]): Numbers of the wanted images, ascending.
        size (int): Images of a block.

    Returns:
        list[ImageBlock]: The blocks that hold a wanted image, in order.
    """
    groups = groupby(indices, key=lambda index: index // size)
    return [ImageBlock(number * size, size, tuple(wanted)) for number, wanted in groups]
