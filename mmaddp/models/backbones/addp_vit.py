"""The encoder of ADDP."""

from collections.abc import Sequence
from typing import Optional, Union

import torch
from mmcv.cnn.bricks import DropPath
from mmpretrain.models.backbones import VisionTransformer
from mmpretrain.models.utils import resize_pos_embed, to_2tuple
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from mmaddp.models.utils import init_as_released, use_quick_dropout
from mmaddp.registry import MODELS


@MODELS.register_module()
class ADDPViT(VisionTransformer):
    """Vision transformer that ADDP pre-trains, on normalised pixels.

    Differs from its base class in the norm before the blocks: it acts on the sum of patch and
    position embeddings **before** dropout, the patch embedding keeps its bias, and dropout of the
    attention weights is an argument. The official fine-tuning code loses that norm
    (``tokenizer_norm`` there) by a non-strict load; ``pre_norm=False`` builds that network.

    A position table of another grid is resized when it is loaded: bicubically, with
    ``align_corners=False``, the class entry copied, as in the official fine-tuning. Images of
    another size than ``img_size`` are encoded with a table that is resized in the same manner.
    Attention is PyTorch's fused kernel (``scaled_dot_product_attention``); with dropout on a CPU it
    is written out (:mod:`mmaddp.models.utils.dropout`).

    Args:
        arch (str | dict): As in mmpretrain. Defaults to 'base'.
        img_size (int | tuple): Input size; ``patch_size`` must divide it. Defaults to 256.
        patch_size (int): Patch size. Defaults to 16.
        pre_norm (bool): Whether to keep the norm before the blocks. Defaults to True.
        out_indices (int | Sequence[int]): Blocks whose output is returned, negative ones counted
            from the end. Defaults to -1.
        attn_drop_rate (float): Dropout of the attention weights. Defaults to 0.
        pos_std (float): Standard deviation of the positions at the start. Those of patches are
            about 1: a short training does not find out where a patch lies unless positions are
            larger from the beginning. Defaults to 0.02, as released.
        frozen_stages (int): Number of leading blocks that are not trained; embedding,
            positions and ``pre_norm`` are frozen with them, and with all blocks the final norms
            too. Frozen parts stay in evaluation mode. Defaults to -1, nothing; 0 is the same.
        with_cp (bool): Recompute each block in the backward pass instead of keeping its
            activations. Defaults to False.
        patch_cfg (dict, optional): As in mmpretrain. Defaults to None.
        layer_cfgs (dict, optional): As in mmpretrain, for all layers alike. Defaults to None.
        **kwargs: Other arguments of mmpretrain's ``VisionTransformer``, for instance ``drop_rate``,
            ``drop_path_rate``, ``final_norm`` and ``out_type`` (see :meth:`forward`).

    Raises:
        ValueError: ``patch_size`` does not divide ``img_size``, or there are too few blocks.
    """

    def __init__(
        self,
        arch: Union[str, dict] = 'base',
        img_size: Union[int, tuple] = 256,
        patch_size: int = 16,
        pre_norm: bool = True,
        out_indices: Union[int, Sequence[int]] = -1,
        attn_drop_rate: float = 0.0,
        pos_std: float = 0.02,
        frozen_stages: int = -1,
        with_cp: bool = False,
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
            # The base class writes positive indices into the list, freezes once and for all.
            out_indices=out_indices if isinstance(out_indices, int) else list(out_indices),
            **kwargs,
        )
        self.pos_std = pos_std
        use_quick_dropout(self)
        for module in self.modules():
            if isinstance(module, DropPath):
                # mmpretrain's is a number of NumPy, on which no compiled graph can branch.
                module.drop_prob = float(module.drop_prob)
        self.with_cp = with_cp
        self.frozen_stages = frozen_stages
        depth = self.num_layers
        if not all(0 <= index < depth for index in self.out_indices) or frozen_stages > depth:
            raise ValueError(
                f'There are {depth} blocks, but out_indices is {out_indices} and frozen_stages '
                f'{frozen_stages}.'
            )
        self._freeze()

    def init_weights(self) -> None:
        """Initialise as the released models were, unless ``init_cfg`` loads weights."""
        super().init_weights()
        if self.init_cfg:
            return
        init_as_released(self)
        patch_weight = self.patch_embed.projection.weight
        nn.init.xavier_uniform_(patch_weight.view(patch_weight.shape[0], -1))
        nn.init.normal_(self.pos_embed, std=self.pos_std)
        if self.cls_token is not None:
            nn.init.normal_(self.cls_token, std=0.02)

    def train(self, mode: bool = True) -> 'ADDPViT':
        """Set the mode, except for frozen parts, and return the module as PyTorch does."""
        super().train(mode)
        self._freeze()
        return self

    def _freeze(self) -> None:
        if self.frozen_stages > 0:
            self._freeze_stages()

    def get_layer_depth(self, param_name: str, prefix: str = '') -> tuple[int, int]:
        """Layer of a parameter, for learning rates that decrease towards the input.

        Layer 0 holds patch embedding, class token, positions and ``pre_norm``, which official
        fine-tuning does not have; layer i + 1 is block i; everything else is the last layer.

        Args:
            param_name (str): Name, with the prefix.
            prefix (str): What the names of this module start with. Defaults to ''.

        Returns:
            tuple[int, int]: Layer, and number of layers, which is the number of blocks + 2.
        """
        if param_name.startswith(f'{prefix}pre_norm.'):
            return 0, self.num_layers + 2
        return super().get_layer_depth(param_name, prefix)

    def embed(self, images: Tensor) -> tuple[Tensor, tuple[int, int]]:
        """Turn images into tokens, up to and including the norm.

        Args:
            images (Tensor): Normalised images, shape (B, 3, H, W).

        Returns:
            tuple: Tokens (B, 1 + h * w, C), class token first if there is one, and the grid (h, w).
        """
        patches, grid = self.patch_embed(images)
        tokens = patches
        if self.cls_token is not None:
            tokens = torch.cat((self.cls_token.expand(patches.shape[0], -1, -1), patches), dim=1)
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
            tuple[Tensor, ...]: One feature per index of ``out_indices``, in their order, repeated
            ones included. ``out_type`` says which: 'raw' (B, 1 + h * w, C), 'featmap'
            (B, C, h, w), 'cls_token' or 'avg_featmap' (B, C).
        """
        tokens, grid = self.embed(images)
        tokens = self.drop_after_pos(tokens)
        outs = {}
        for index, layer in enumerate(self.layers):
            if self.with_cp and torch.is_grad_enabled():
                tokens = checkpoint(self.run_layer, layer, tokens, grid, use_reentrant=False)
            else:
                tokens = self.run_layer(layer, tokens, grid)
            if index == len(self.layers) - 1 and self.final_norm:
                tokens = self.ln1(tokens)
            if index in self.out_indices:
                outs[index] = self._format_output(tokens, grid)
        return tuple(outs[index] for index in self.out_indices)

    def run_layer(self, layer: nn.Module, tokens: Tensor, grid: tuple[int, int]) -> Tensor:
        """Apply one layer to tokens (B, 1 + h * w, C) of patches on the grid (h, w)."""
        return layer(tokens)
