"""What the attention of an encoder's layers looks at."""

from collections.abc import Callable, Sequence
from typing import Any, Optional

import matplotlib
import torch
from torch import Tensor, nn

from mmaddp.models.backbones import ADDPViT
from mmaddp.utils.images import as_rgb, image_grid

# Share of the picture in a blend with its map.
PICTURE = 0.35


@torch.no_grad()
def attention_maps(backbone: ADDPViT, inputs: Tensor, query: Optional[int] = None) -> Tensor:
    """Attention of one token to all patches, in every layer and head.

    Args:
        backbone (ADDPViT): In evaluation mode.
        inputs (Tensor): What it takes: normalised pictures, shape (B, 3, H, W).
        query (int, optional): The patch that looks, counted row by row. Defaults to None, the class
            token.

    Returns:
        Tensor: Weights, shape (layers, B, heads, L); the class token has what they lack to 1.

    Raises:
        ValueError: The encoder attends in windows, it has no class token, or there is no such
            patch.
    """
    attentions = [getattr(layer, 'attn', None) for layer in getattr(backbone, 'layers', ())]
    if type(backbone) is not ADDPViT or not all(hasattr(each, 'qkv') for each in attentions):
        raise ValueError(
            f'Attention maps are drawn of ADDPViT, in pre-training and classification; this is a '
            f'{type(backbone).__name__}.'
        )
    extra = backbone.num_extra_tokens
    if query is None and not extra:
        raise ValueError('This encoder has no class token: give the patch that looks.')
    row = 0 if query is None else extra + query
    found: list[Tensor] = []
    handles = [attention.register_forward_pre_hook(_keeper(found, row)) for attention in attentions]
    try:
        backbone(inputs)
    finally:
        for handle in handles:
            handle.remove()
    return torch.stack(found)[..., extra:]


def attention_weights(attention: nn.Module, tokens: Tensor) -> Tensor:
    """Weights of mmpretrain's attention, which its fused kernel does not return.

    Args:
        attention (nn.Module): ``MultiheadAttention`` of mmpretrain.
        tokens (Tensor): Its input, shape (B, N, C).

    Returns:
        Tensor: Shape (B, heads, N, N), each row of sum 1.
    """
    batch, number, _ = tokens.shape
    projected = attention.qkv(tokens).view(batch, number, 3, attention.num_heads, -1)
    query, key, _ = projected.permute(2, 0, 3, 1, 4)
    return (query * query.shape[-1] ** -0.5 @ key.transpose(-2, -1)).softmax(dim=-1)


def attention_sheet(
    images: Tensor, maps: Sequence[Tensor], grid: tuple[int, int], zoom: int = 1
) -> Tensor:
    """Pictures, one per row, and right of each of them its maps, bright where attention is high.

    Args:
        images (Tensor): In [0, 1], shape (B, 3, H, W).
        maps (Sequence[Tensor]): Maps of all pictures, each of shape (B, L).
        grid (tuple[int, int]): Patches per column and row (h, w).
        zoom (int): Pixels of the sheet per pixel of a picture, along each side. Defaults to 1.

    Returns:
        Tensor: RGB in [0, 1], shape (3, H', W').
    """
    shown = as_rgb(images.cpu())
    columns = [shown, *(_blend(shown, each.cpu(), grid) for each in maps)]
    rows = [picture for row in zip(*columns) for picture in row]
    return image_grid(rows, columns=len(columns), zoom=zoom)


def _blend(images: Tensor, weights: Tensor, grid: tuple[int, int]) -> Tensor:
    low, high = weights.amin(dim=1, keepdim=True), weights.amax(dim=1, keepdim=True)
    levels = ((weights - low) / (high - low).clamp(min=1e-12)).unflatten(1, grid)
    colours = torch.from_numpy(matplotlib.colormaps['magma'](levels.numpy())[..., :3]).float()
    size = images.shape[-2:]
    colours = nn.functional.interpolate(colours.movedim(-1, 1), size=size, mode='nearest')
    grey = images.mean(dim=1, keepdim=True)
    return PICTURE * grey + (1 - PICTURE) * colours


def _keeper(found: list[Tensor], row: int) -> Callable[[nn.Module, Any], None]:
    """A hook that keeps a row of the weights of an attention that is about to run."""

    def keep(attention: nn.Module, inputs: Any) -> None:
        weights = attention_weights(attention, inputs[0])
        if row >= weights.shape[2]:
            raise ValueError(f'There is no such patch: the grid has {weights.shape[2] - 1}.')
        found.append(weights[:, :, row])

    return keep
