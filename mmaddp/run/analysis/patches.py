"""Features of the patches of pictures."""

import torch
from torch import Tensor

from mmaddp.models.backbones import ADDPViT


@torch.no_grad()
def patch_tokens(
    backbone: ADDPViT, inputs: Tensor, num_blocks: int = 0
) -> tuple[Tensor, tuple[int, int]]:
    """Features of patches behind a block.

    Args:
        backbone (ADDPViT): In evaluation mode.
        inputs (Tensor): Normalised pictures, shape (B, 3, H, W).
        num_blocks (int): Blocks that they go through; 0 stands for all, with the norm behind them.
            Defaults to 0.

    Returns:
        tuple: Features (B, h * w, C), and the grid (h, w).

    Raises:
        ValueError: There are not so many blocks, or the encoder is none of ADDP.
    """
    if not isinstance(backbone, ADDPViT):
        raise ValueError(f'This takes encoders of ADDP, not a {type(backbone).__name__}.')
    if num_blocks > len(backbone.layers):
        raise ValueError(f'--block must be at most {len(backbone.layers)}, got {num_blocks}.')
    tokens, grid = backbone.embed(inputs)
    for layer in backbone.layers[: num_blocks or None]:
        tokens = backbone.run_layer(layer, tokens, grid)
    if not num_blocks and backbone.final_norm:
        tokens = backbone.ln1(tokens)
    return tokens[:, backbone.num_extra_tokens :], grid
