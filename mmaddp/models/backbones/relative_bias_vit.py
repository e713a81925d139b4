"""The encoder with BEiT's relative position biases, for comparisons."""

from mmpretrain.models.backbones.beit import RelativePositionBias
from mmpretrain.models.utils import MultiheadAttention
from torch import Tensor, nn

from mmaddp.registry import MODELS
from mmaddp.utils.beit_keys import beit_to_vit, is_beit

from .addp_vit import ADDPViT


class RelativeBiasAttention(MultiheadAttention):
    """Self-attention with a learned bias for each head and offset between two patches.

    Args:
        window_size (tuple[int, int]): Grid (h, w) of the patches; a class token comes first.
        embed_dims (int): Width C.
        num_heads (int): Attention heads.
        **kwargs: Other arguments of mmpretrain's ``MultiheadAttention``.
    """

    def __init__(self, window_size: tuple[int, int], embed_dims: int, num_heads: int, **kwargs):
        super().__init__(embed_dims=embed_dims, num_heads=num_heads, **kwargs)
        self.rel_pos = RelativePositionBias(window_size, num_heads)

    def forward(self, x: Tensor) -> Tensor:
        """Attend over the tokens (B, 1 + h * w, C) of the window.

        Raises:
            ValueError: There are more or fewer tokens.
        """
        bias = self.rel_pos()[None].to(x.dtype)
        num_samples, num_tokens, _ = x.shape
        if bias.shape[-1] != num_tokens:
            raise ValueError(
                f'Relative positions are learned for {bias.shape[-1] - 1} patches, but the images '
                f'have {num_tokens - 1}: set img_size to the size of the images.'
            )
        qkv = self.qkv(x).reshape(num_samples, num_tokens, 3, self.num_heads, self.head_dims)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        x = self.scaled_dot_product_attention(
            q, k, v, attn_mask=bias, dropout_p=self.attn_drop if self.training else 0.0
        )
        x = x.transpose(1, 2).reshape(num_samples, num_tokens, self.embed_dims)
        return self.out_drop(self.gamma1(self.proj_drop(self.proj(x))))


@MODELS.register_module()
class RelativeBiasViT(ADDPViT):
    """:class:`ADDPViT` with relative position biases in every layer.

    It takes BEiT checkpoints of mmpretrain as they are, for comparison under the same heads and
    recipes; they are rewritten on load (:func:`mmaddp.utils.beit_keys.beit_to_vit`).
    The grid must be that of the checkpoint.

    Args:
        pre_norm (bool): Whether there is a norm in front of the blocks. Defaults to False; BEiT has
            none.
        **kwargs: Other arguments of :class:`ADDPViT`.
    """

    def __init__(self, pre_norm: bool = False, **kwargs):
        super().__init__(pre_norm=pre_norm, **kwargs)
        for layer in self.layers:
            layer.attn = self._with_bias(layer.attn)
        self._freeze()
        self._register_load_state_dict_pre_hook(self._rewrite_beit)

    def _with_bias(self, attention: nn.Module) -> RelativeBiasAttention:
        with_bias = RelativeBiasAttention(
            self.patch_resolution, attention.embed_dims, attention.num_heads
        )
        for name in ('attn_drop', 'proj_drop', 'out_drop'):
            setattr(with_bias, name, getattr(attention, name))
        return with_bias

    def _rewrite_beit(self, state_dict: dict, prefix: str, *_) -> None:
        own = {k.removeprefix(prefix): v for k, v in state_dict.items() if k.startswith(prefix)}
        if is_beit(own):
            for name in own:
                del state_dict[prefix + name]
            state_dict.update({prefix + k: v for k, v in beit_to_vit(own).items()})
