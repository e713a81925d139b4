"""The encoder of ADDP with relative positions, for segmentation."""

import numpy as np
from mmengine.model import ModuleList
from mmpretrain.models.backbones.vision_transformer import TransformerEncoderLayer
from torch import Tensor

from mmaddp.models.utils import MaskedAttention, RelativePositionBias
from mmaddp.registry import MODELS

from .addp_vit import ADDPViT

LAYER_KEYS = ('embed_dims', 'num_heads', 'feedforward_channels')


class RelativePositionLayer(TransformerEncoderLayer):
    """Transformer layer whose attention has a bias for relative positions.

    Args:
        grid (tuple[int, int]): Rows and columns of patches for which the bias is made.
        embed_dims (int): Width C.
        num_heads (int): Attention heads.
        drop_rate (float): Dropout after the projection and in the MLP. Defaults to 0.
        attn_drop_rate (float): Dropout of the attention weights. Defaults to 0.
        drop_path_rate (float): Stochastic depth of both branches. Defaults to 0.
        qkv_bias (bool): Whether q, k and v have a bias. Defaults to True.
        layer_scale_init_value (float): Initial factor of both branches; 0 for no LayerScale.
            Defaults to 0.
        **kwargs: Other arguments of mmpretrain's ``TransformerEncoderLayer``.
    """

    def __init__(
        self,
        grid: tuple[int, int],
        embed_dims: int,
        num_heads: int,
        drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        qkv_bias: bool = True,
        layer_scale_init_value: float = 0.0,
        **kwargs,
    ):
        super().__init__(
            embed_dims=embed_dims,
            num_heads=num_heads,
            drop_rate=drop_rate,
            drop_path_rate=drop_path_rate,
            layer_scale_init_value=layer_scale_init_value,
            **kwargs,
        )
        self.attn = MaskedAttention(
            embed_dims,
            num_heads,
            attn_drop=attn_drop_rate,
            proj_drop=drop_rate,
            dropout_layer=dict(type='DropPath', drop_prob=drop_path_rate),
            qkv_bias=qkv_bias,
            layer_scale_init_value=layer_scale_init_value,
        )
        self.rel_pos_bias = RelativePositionBias(grid, num_heads)

    def forward(self, x: Tensor, grid: tuple[int, int]) -> Tensor:
        """Transform tokens of shape (B, 1 + h * w, C) on the grid (h, w)."""
        x = x + self.attn(self.ln1(x), self.rel_pos_bias(grid))
        return self.ffn(self.ln2(x), identity=x)


@MODELS.register_module()
class ADDPViTSeg(ADDPViT):
    """ADDP's encoder with relative position biases, as in the transfer of BEiT and MAE.

    Every layer has a table of its own, zero at first: with the same weights the features are then
    those of :class:`ADDPViT`. Where an input's grid is not that of ``img_size`` (a small image, a
    scale of multi-scale testing), the tables are resized like the absolute positions.

    Differs from mmsegmentation's ``MAE`` backbone, which has the same biases of q, k and v:
    attention runs through PyTorch's fused kernel with the relative positions as additive mask, and
    inputs have any size.

    Args:
        drop_rate (float): Dropout of tokens, projections and MLP. Defaults to 0.
        attn_drop_rate (float): Dropout of the attention weights. Defaults to 0.
        drop_path_rate (float): Stochastic depth of the last layer, from 0 at the first.
            Defaults to 0.
        qkv_bias (bool): Whether q, k and v have a bias. Defaults to True.
        layer_scale_init_value (float): Initial factor of both branches of a layer; 0 for no
            LayerScale. Defaults to 0.
        **kwargs: Other arguments of :class:`ADDPViT`, without ``layer_cfgs``.
    """

    def __init__(
        self,
        drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        qkv_bias: bool = True,
        layer_scale_init_value: float = 0.0,
        **kwargs,
    ):
        if kwargs.get('layer_cfgs'):
            raise ValueError('ADDPViTSeg sets its layers itself; it takes no layer_cfgs.')
        super().__init__(drop_rate=drop_rate, attn_drop_rate=attn_drop_rate, **kwargs)
        self.layers = ModuleList(
            RelativePositionLayer(
                self.patch_resolution,
                **{key: self.arch_settings[key] for key in LAYER_KEYS},
                drop_rate=drop_rate,
                attn_drop_rate=attn_drop_rate,
                drop_path_rate=float(rate),
                qkv_bias=qkv_bias,
                layer_scale_init_value=layer_scale_init_value,
                norm_cfg=dict(type='LN', eps=1e-6),
            )
            for rate in np.linspace(0, drop_path_rate, self.num_layers)
        )
        self._freeze()

    def run_layer(self, layer: RelativePositionLayer, tokens: Tensor, grid: tuple) -> Tensor:
        """Let a layer know the grid of the patches."""
        return layer(tokens, grid)
