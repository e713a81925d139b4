"""The encoder of ADDP."""

from typing import Optional, Union

import torch
from mmpretrain.models.backbones import VisionTransformer
from mmpretrain.models.utils import resize_pos_embed, to_2tuple
from torch import Tensor, nn

from mmaddp.models.utils import init_as_released
from mmaddp.registry import MODELS


@MODELS.register_module()
class ADDPViT(VisionTransformer):
    """Vision transformer that ADDP pre-trains, on normalised pixels.

    Differs from its base class in the norm in front of the blocks: it acts on the sum of patch and
    position embeddings **before** dropout, the patch embedding keeps its bias, and dropout of the
    attention weights is an argument. The official fine-tuning code loses that norm
    (``tokenizer_norm`` there) by a non-strict load; ``pre_norm=False`` builds that network.

    Args:
        arch (str | dict): As in mmpretrain. Defaults to 'base'.
        img_size (int | tuple): Input size; ``patch_size`` must divide it. Defaults to 256.
        patch_size (int): Patch size. Defaults to 16.
        pre_norm (bool): Whether to keep the norm in front of the blocks. Defaults to True.
        attn_drop_rate (float): Dropout of the attention weights. Defaults to 0.
        patch_cfg (dict, optional): As in mmpretrain. Defaults to None.
        layer_cfgs (dict, optional): As in mmpretrain, for all layers alike. Defaults to None.
        **kwargs: Other arguments of mmpretrain's ``VisionTransformer``, for instance ``drop_rate``,
            ``drop_path_rate``, ``out_type`` and ``out_indices``.
    """

    def __init__(
        self,
        arch: Union[str, dict] = 'base',
        img_size: Union[int, tuple] = 256,
        patch_size: int = 16,
        pre_norm: bool = True,
        attn_drop_rate: float = 0.0,
        patch_cfg: Optional[dict] = None,
        layer_cfgs: Optional[dict] = None,
        **kwargs,
    ):
        if any(side % patch_size for side in to_2tuple(img_size)):
            raise ValueError(f'img_size {img_size} is not a multiple of patch_size {patch_size}.')
        super().__init__(
            arch=arch,
            img_size=img_size,
            patch_size=patch_size,
            pre_norm=pre_norm,
            patch_cfg=dict(bias=True) | (patch_cfg or {}),
            layer_cfgs=dict(attn_drop_rate=attn_drop_rate) | (layer_cfgs or {}),
            **kwargs,
        )

    def init_weights(self) -> None:
        """Initialise as the released models were, unless ``init_cfg`` loads weights."""
        super().init_weights()
        if self.init_cfg:
            return
        init_as_released(self)
        patch_weight = self.patch_embed.projection.weight
        nn.init.xavier_uniform_(patch_weight.view(patch_weight.shape[0], -1))
        nn.init.normal_(self.pos_embed, std=0.02)
        nn.init.normal_(self.cls_token, std=0.02)

    def train(self, mode: bool = True) -> 'ADDPViT':
        """Set the mode and, unlike the base class, return the module as PyTorch does."""
        super().train(mode)
        return self

    def embed(self, images: Tensor) -> tuple[Tensor, tuple[int, int]]:
        """Turn images into tokens, up to and including the norm.

        Args:
            images (Tensor): Normalised images, shape (B, 3, H, W).

        Returns:
            tuple: Tokens (B, 1 + h * w, C), class token first, and the grid (h, w).
        """
        patches, grid = self.patch_embed(images)
        tokens = torch.cat((self.cls_token.expand(len(patches), -1, -1), patches), dim=1)
        positions = resize_pos_embed(
            self.pos_embed,
            self.patch_resolution,
            grid,
            mode=self.interpolate_mode,
            num_extra_tokens=self.num_extra_tokens,
        )
        return self.pre_norm(tokens + positions), grid

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Encode images.

        Args:
            images (Tensor): Normalised images, shape (B, 3, H, W).

        Returns:
            tuple[Tensor, ...]: One feature per index of ``out_indices``; ``out_type`` says which:
            'raw' (B, 1 + h * w, C), 'featmap' (B, C, h, w), 'cls_token' or 'avg_featmap' (B, C).
        """
        tokens, grid = self.embed(images)
        tokens = self.drop_after_pos(tokens)
        outs = []
        for index, layer in enumerate(self.layers):
            tokens = layer(tokens)
            if index == len(self.layers) - 1 and self.final_norm:
                tokens = self.ln1(tokens)
            if index in self.out_indices:
                outs.append(self._format_output(tokens, grid))
        return tuple(outs)
