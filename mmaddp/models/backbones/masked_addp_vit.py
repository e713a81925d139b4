"""ADDP's encoder, of which MAE hides patches."""

from typing import Optional

import torch
from torch import Tensor

from mmaddp.registry import MODELS

from .addp_vit import ADDPViT


@MODELS.register_module()
class MaskedADDPViT(ADDPViT):
    """Encoder for mmpretrain's ``MAE``, with the weights of :class:`ADDPViT`.

    So an encoder can be pre-trained by `MAE <https://arxiv.org/abs/2111.06377>`_ and compared with
    that of ADDP: what reads one reads the other. Unlike mmpretrain's ``MAEViT``, positions are
    learned, and there is the norm before the blocks.

    Args:
        mask_ratio (float): Share of the patches that are hidden, in (0, 1). Defaults to 0.75.
        **kwargs: Those of :class:`ADDPViT`; ``out_type`` is 'raw'.

    Raises:
        ValueError: So high or low a ratio leaves no patch to see, or none to predict.
    """

    def __init__(self, mask_ratio: float = 0.75, **kwargs) -> None:
        super().__init__(**{'out_type': 'raw', **kwargs})
        num_patches = self.patch_resolution[0] * self.patch_resolution[1]
        self.num_kept = int(num_patches * (1 - mask_ratio))
        if not 0 < self.num_kept < num_patches:
            raise ValueError(
                f'mask_ratio {mask_ratio} lets {self.num_kept} of {num_patches} patches be seen: '
                'take one that hides some and leaves some.'
            )

    def forward(self, images: Tensor, mask: Optional[bool] = True):
        """Encode some patches of each image, or with a false ``mask`` all of them.

        Args:
            images (Tensor): Normalised images, shape (B, C, H, W).
            mask (bool, optional): Whether to hide patches. Defaults to True.

        Returns:
            tuple: Latents of the class token and the L_kept visible patches, (B, 1 + L_kept, C);
            the mask, float, (B, L), 1 where hidden; and the place of each patch among those that
            are shuffled, visible ones first, long, (B, L). Without hiding, what
            :meth:`ADDPViT.forward` returns.
        """
        if not mask:
            return super().forward(images)
        tokens, grid = self.embed(images)
        places = torch.rand(len(images), tokens.shape[1] - 1, device=images.device).argsort(dim=1)
        kept = places.argsort(dim=1)[:, : self.num_kept]
        patches = tokens[:, 1:].gather(1, kept[..., None].expand(-1, -1, tokens.shape[-1]))
        tokens = self.drop_after_pos(torch.cat((tokens[:, :1], patches), dim=1))
        for layer in self.layers:
            tokens = self.run_layer(layer, tokens, grid)
        if self.final_norm:
            tokens = self.ln1(tokens)
        return tokens, (places >= self.num_kept).float(), places
