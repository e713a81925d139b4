"""A feature pyramid from one map."""

from collections.abc import Sequence
from typing import Optional

from mmengine.model import BaseModule
from mmpretrain.models.utils import LayerNorm2d
from torch import Tensor, nn
from torch.nn import functional as F

from mmaddp.registry import MODELS


@MODELS.register_module()
class SimpleFPN(BaseModule):
    """Pyramid of ViTDet: every level is made from the last map of the backbone alone.

    Per level: the map resized by transposed convolutions or max pooling, then a 1 x 1 and a 3 x 3
    convolution without bias, each with a LayerNorm over the channels (eps 1e-6). Further levels
    take every second place of the last one.

    Args:
        in_channels (int): Channels of the backbone's map. Defaults to 768.
        out_channels (int): Channels of every level. Defaults to 256.
        scales (Sequence[float]): Size of each level over that of the map, of 4, 2, 1 and 0.5.
            Defaults to (4, 2, 1, 0.5), strides 4, 8, 16 and 32 with patches of 16 pixels.
        num_outs (int): Levels in total; those beyond ``scales`` halve the last one. Defaults
            to 5.
        init_cfg (dict, optional): Initialisation config. None keeps PyTorch's own. Defaults to
            None.

    Raises:
        ValueError: A scale is any other number, or ``num_outs`` is below the number of scales.
    """

    def __init__(
        self,
        in_channels: int = 768,
        out_channels: int = 256,
        scales: Sequence[float] = (4, 2, 1, 0.5),
        num_outs: int = 5,
        init_cfg: Optional[dict] = None,
    ):
        super().__init__(init_cfg)
        if num_outs < len(scales):
            raise ValueError(f'num_outs {num_outs} is below the number of scales, {len(scales)}.')
        self.num_extra = num_outs - len(scales)
        self.levels = nn.ModuleList(
            nn.Sequential(*resizing(scale, in_channels), *smoothing(channels, out_channels))
            for scale, channels in ((scale, channels_at(scale, in_channels)) for scale in scales)
        )

    def forward(self, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Make the pyramid.

        Args:
            inputs (tuple[Tensor]): Feature maps of the backbone; the last one, shape
                (B, C, h, w), is used.

        Returns:
            tuple[Tensor]: Levels from fine to coarse, (B, out_channels, scale * h, scale * w),
            rounded up.
        """
        outs = [level(inputs[-1]) for level in self.levels]
        for _ in range(self.num_extra):
            outs.append(F.max_pool2d(outs[-1], kernel_size=1, stride=2))
        return tuple(outs)


def channels_at(scale: float, channels: int) -> int:
    """Channels of the resized map: half for each transposed convolution."""
    smaller: dict[float, int] = {4: channels // 4, 2: channels // 2}
    return smaller.get(scale, channels)


def resizing(scale: float, channels: int) -> list[nn.Module]:
    """Layers that change the size of a map of ``channels``."""
    if scale == 4:
        return [
            nn.ConvTranspose2d(channels, channels // 2, kernel_size=2, stride=2),
            LayerNorm2d(channels // 2, eps=1e-6),
            nn.GELU(),
            nn.ConvTranspose2d(channels // 2, channels // 4, kernel_size=2, stride=2),
        ]
    if scale == 2:
        return [nn.ConvTranspose2d(channels, channels // 2, kernel_size=2, stride=2)]
    if scale == 1:
        return []
    if scale == 0.5:
        # ViTDet never meets odd maps; rounding up keeps the last row and column in the pyramid.
        return [nn.MaxPool2d(kernel_size=2, stride=2, ceil_mode=True)]
    raise ValueError(f'A scale must be 4, 2, 1 or 0.5, got {scale}.')


def smoothing(in_channels: int, out_channels: int) -> list[nn.Module]:
    """Layers of every level behind the resizing."""
    return [
        nn.Conv2d(in_channels, out_channels, kernel_size=1, bias=False),
        LayerNorm2d(out_channels, eps=1e-6),
        nn.Conv2d(out_channels, out_channels, kernel_size=3, padding=1, bias=False),
        LayerNorm2d(out_channels, eps=1e-6),
    ]
