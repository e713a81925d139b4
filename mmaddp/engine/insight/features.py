"""Features of an ADDP model's encoder."""

from typing import Optional

import torch
from torch import Tensor

from mmaddp.models.selfsup import ADDP

BATCH = 64


@torch.no_grad()
def features_of(model: ADDP, images: Tensor, num_blocks: Optional[int] = None) -> Tensor:
    """Mean of the encoder's features over the patches of whole pictures, (N, C), on the CPU.

    Args:
        model (ADDP): In evaluation mode.
        images (Tensor): In [0, 1], or in 0..255 of uint8, shape (N, 3, H, W).
        num_blocks (int, optional): Blocks that they go through. Defaults to None, all and the norm
            behind them.
    """
    parts = (patch_features(model, part, num_blocks) for part in images.split(BATCH))
    return torch.cat([tokens.mean(dim=1).float().cpu() for tokens in parts])


@torch.no_grad()
def patch_features(model: ADDP, images: Tensor, num_blocks: Optional[int] = None) -> Tensor:
    """The encoder's features of the patches, (N, L, C), on the model's device; see above."""
    images = images.to(model.neck.mask_token.device)
    images = images.float() / 255 if images.dtype == torch.uint8 else images
    if num_blocks is None:
        tokens = model.extract_feat(images)[0]
    else:
        tokens, grid = model.backbone.embed((images - model.pixel_mean) / model.pixel_std)
        for layer in model.backbone.layers[:num_blocks]:
            tokens = model.backbone.run_layer(layer, tokens, grid)
    return tokens[:, 1:]
