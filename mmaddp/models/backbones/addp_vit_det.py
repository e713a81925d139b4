"""The encoder of ADDP as the backbone of a detector."""

from collections.abc import Sequence
from typing import Optional, Union

from mmpretrain.models.utils import to_2tuple
from torch import Tensor

from mmaddp.models.utils import GridAttention
from mmaddp.registry import MODELS

from .addp_vit import ADDPViT


@MODELS.register_module()
class ADDPViTDet(ADDPViT):
    """ADDP's vision transformer for dense prediction at high resolution, as in ViTDet.

    Attention runs in windows, and over the whole map in a few global blocks, with decomposed
    relative positions that start at zero. There is neither class token nor final norm; the
    position table stays the one of pre-training, without its class entry, and is resized
    bicubically to the map in every forward pass. Images of any size are padded at the bottom
    and right to whole patches. Weights are those of :class:`ADDPViT`; when these are loaded,
    ``cls_token``, ``ln1`` and, without ``pre_norm``, ``pre_norm`` are left over, and the relative
    positions are missing.

    Args:
        arch (str | dict): As in mmpretrain. Defaults to 'base'.
        img_size (int | tuple): Image size of **pre-training**, to which the position table
            belongs. Defaults to 256.
        patch_size (int): Patch size. Defaults to 16.
        input_size (int | tuple): Image size for which the relative positions of the global blocks
            have one row per offset; for others they are resized. Defaults to 1024.
        window_size (int): Side of the windows in tokens; 0 makes all blocks global. Defaults to 14.
        global_indices (Sequence[int], optional): Global blocks. None takes the last one of each
            quarter of the depth: 2, 5, 8, 11 of 12 and 5, 11, 17, 23 of 24. Defaults to None.
        use_rel_pos (bool): Whether to use relative positions. Defaults to True.
        mask_padding (bool): Whether attention ignores the zeros that pad windows. ViTDet attends
            to them. Defaults to False.
        **kwargs: Other arguments of :class:`ADDPViT`, for instance ``pre_norm``,
            ``drop_path_rate``, ``frozen_stages`` and ``out_indices``.

    Raises:
        ValueError: A block in ``global_indices`` does not exist, ``input_size`` is smaller than a
            patch, or the depth has no quarters and ``global_indices`` is None.
    """

    def __init__(
        self,
        arch: Union[str, dict] = 'base',
        img_size: Union[int, tuple] = 256,
        patch_size: int = 16,
        input_size: Union[int, tuple] = 1024,
        window_size: int = 14,
        global_indices: Optional[Sequence[int]] = None,
        use_rel_pos: bool = True,
        mask_padding: bool = False,
        **kwargs,
    ):
        super().__init__(
            arch=arch,
            img_size=img_size,
            patch_size=patch_size,
            with_cls_token=False,
            final_norm=False,
            out_type='featmap',
            **kwargs,
        )
        input_grid = tuple(side // patch_size for side in to_2tuple(input_size))
        if min(input_grid) < 1:
            raise ValueError(f'input_size {input_size} is smaller than patch_size {patch_size}.')
        is_global = self._global_blocks(global_indices)
        for index, layer in enumerate(self.layers):
            window = 0 if index in is_global else window_size
            table_grid = to_2tuple(window) if window else input_grid
            layer.attn = GridAttention(
                layer.attn, window, table_grid if use_rel_pos else None, mask_padding
            )
        if self.frozen_stages > 0:
            self._freeze_stages()

    def embed(self, images: Tensor) -> tuple[Tensor, tuple[int, int]]:
        """Turn images into a map of tokens, up to and including the norm.

        Args:
            images (Tensor): Normalised images, shape (B, 3, H, W), any H and W.

        Returns:
            tuple: Tokens (B, h, w, C), and the grid (h, w); h is H over the patch size, rounded
            up, and w likewise.
        """
        tokens, grid = super().embed(images)
        # Patches come with their channels apart, and every layer would gather them anew.
        return tokens.contiguous().unflatten(1, grid), grid

    def _format_output(self, tokens: Tensor, grid: tuple[int, int]) -> Tensor:
        """Turn (B, h, w, C) into the feature map (B, C, h, w) of the forward pass."""
        return tokens.permute(0, 3, 1, 2)

    def _global_blocks(self, indices: Optional[Sequence[int]]) -> set[int]:
        if indices is None:
            if self.num_layers % 4:
                raise ValueError(
                    f'A depth of {self.num_layers} has no quarters: give global_indices.'
                )
            quarter = self.num_layers // 4
            indices = range(quarter - 1, self.num_layers, quarter)
        unknown = [index for index in indices if not 0 <= index < self.num_layers]
        if unknown:
            raise ValueError(
                f'global_indices {unknown} are not among the {self.num_layers} blocks, '
                f'0 to {self.num_layers - 1}.'
            )
        return set(indices)
