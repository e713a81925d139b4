"""Encoder and decoder of the VQGAN."""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional as F

from .layers import Level, MiddleBlocks, group_norm, norm_silu, pixels_apart


class VQGANEncoder(nn.Module):
    """Image to latent grid: residual levels with average pooling between them.

    Args:
        base_channels (int): Channels of the first convolution.
        channel_multipliers (Sequence[int]): Channels of each level over ``base_channels``, from
            full resolution down; each level but the last halves the resolution.
        num_res_blocks (int): Residual blocks per level.
        code_dims (int): Channels of the latent, D.
        num_groups (int): Groups of the normalisation.
        num_channels (int): Channels of the images, C. Defaults to 3.
    """

    def __init__(
        self,
        base_channels: int,
        channel_multipliers: Sequence[int],
        num_res_blocks: int,
        code_dims: int,
        num_groups: int,
        num_channels: int = 3,
    ):
        super().__init__()
        widths = [base_channels * multiplier for multiplier in (1, *channel_multipliers)]
        self.conv_in = nn.Conv2d(num_channels, base_channels, 3, padding=1, bias=False)
        self.down = nn.ModuleList(
            Level(before, after, num_res_blocks, num_groups) for before, after in pairwise(widths)
        )
        self.mid = MiddleBlocks(widths[-1], num_groups)
        self.norm_out = group_norm(widths[-1], num_groups)
        self.conv_out = nn.Conv2d(widths[-1], code_dims, 1)

    def forward(self, images: Tensor) -> Tensor:
        """Encode images.

        Args:
            images (Tensor): In [0, 1], shape (B, C, H, W).

        Returns:
            Tensor: Latent before quantisation, shape (B, D, h, w).
        """
        x = self.conv_in(pixels_apart(images))
        for index, level in enumerate(self.down):
            if index > 0:
                x = F.avg_pool2d(x, 2)
            x = level(x)
        return self.conv_out(norm_silu(self.norm_out, self.mid(x)))


class VQGANDecoder(nn.Module):
    """Latent grid to image, the mirror of :class:`VQGANEncoder` with the same arguments.

    ``up`` is indexed by resolution: level 0 is the shallowest and runs last.
    """

    def __init__(
        self,
        base_channels: int,
        channel_multipliers: Sequence[int],
        num_res_blocks: int,
        code_dims: int,
        num_groups: int,
        num_channels: int = 3,
    ):
        super().__init__()
        widths = [base_channels * multiplier for multiplier in channel_multipliers]
        deeper = [*widths[1:], widths[-1]]
        self.conv_in = nn.Conv2d(code_dims, widths[-1], 3, padding=1)
        self.mid = MiddleBlocks(widths[-1], num_groups)
        self.up = nn.ModuleList(
            Level(before, after, num_res_blocks, num_groups, upsample=index > 0)
            for index, (before, after) in enumerate(zip(deeper, widths))
        )
        self.norm_out = group_norm(widths[0], num_groups)
        self.conv_out = nn.Conv2d(widths[0], num_channels, 3, padding=1)

    def forward(self, z: Tensor) -> Tensor:
        """Decode a latent.

        Args:
            z (Tensor): Latent, shape (B, D, h, w).

        Returns:
            Tensor: Around [0, 1] but **not clamped**, shape (B, C, H, W).
        """
        x = self.mid(self.conv_in(pixels_apart(z)))
        for level in reversed(self.up):
            x = level(x)
        return self.conv_out(norm_silu(self.norm_out, x))
