"""Features of many images over all processes, in the order of the images."""

from collections.abc import Sequence

import torch
from mmengine.dist import all_gather, all_gather_object, get_rank, get_world_size
from torch import Tensor

from .extractors import Extractor
from .image_sets import ImageSet


def gather_features(
    indices: Tensor, features: dict[str, Tensor]
) -> tuple[Tensor, dict[str, Tensor]]:
    """Gather the features of all processes, ordered by index; every process gets them.

    Of images with the same index (padding by a sampler), only the first counts.

    Args:
        indices (Tensor): Indices of this process's images, long, shape (n,); n may differ between
            processes.
        features (dict[str, Tensor]): Per layer shape (n, D); empty in a process without images.

    Returns:
        tuple[Tensor, dict]: Distinct indices, ascending, shape (N,); per layer shape (N, D).
    """
    counts = [int(count) for count in all_gather(torch.tensor([len(indices)]))]
    indices = torch.cat(_gather_rows(indices, counts))
    distinct, place = torch.unique(indices, return_inverse=True)
    first = torch.full_like(distinct, len(indices))
    first.scatter_reduce_(0, place, torch.arange(len(indices)), reduce='amin')
    widths: dict[str, int] = {}
    for part in all_gather_object({name: part.shape[1] for name, part in features.items()}):
        widths |= part
    gathered = {}
    for name in sorted(widths):
        part = features[name] if name in features else torch.empty(0, widths[name])
        gathered[name] = torch.cat(_gather_rows(part, counts))[first]
    return distinct, gathered


def _gather_rows(part: Tensor, counts: Sequence[int]) -> list[Tensor]:
    """Gather tensors that differ in their number of rows."""
    padded = part.new_zeros(max(counts), *part.shape[1:])
    padded[: len(part)] = part
    return [rows[:count] for rows, count in zip(all_gather(padded), counts)]


def extract_set_features(
    images: ImageSet, extractor: Extractor, layers: Sequence[str], batch_size: int = 64
) -> dict[str, Tensor]:
    """Extract the features of a set, each process those of every ``world_size``-th block.

    Args:
        images (ImageSet): The images.
        extractor (Extractor): The network.
        layers (Sequence[str]): Layers of the network.
        batch_size (int): Images at once. Defaults to 64, as in torch-fidelity.

    Returns:
        dict[str, Tensor]: Per layer float32 on the CPU, shape (N, D), on every process.
    """
    indices = [torch.empty(0, dtype=torch.long)]
    parts: dict[str, list[Tensor]] = {layer: [] for layer in layers}
    for block, pixels in images.blocks(batch_size, get_rank(), get_world_size()):
        indices.append(block)
        for layer, features in extractor(pixels, layers).items():
            parts[layer].append(features)
    features = {layer: torch.cat(found) for layer, found in parts.items() if found}
    distinct, features = gather_features(torch.cat(indices), features)
    assert len(distinct) == len(images)
    return features
