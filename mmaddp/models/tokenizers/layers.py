"""Convolutional layers of the VQGAN, under the parameter names of the released weights."""

from itertools import pairwise, product
from typing import Optional

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmaddp.models.utils.frozen_copy import made_from_weights


def group_norm(channels: int, num_groups: int) -> nn.GroupNorm:
    """Group norm with the eps of the released weights.

    Raises:
        ValueError: If the groups do not divide the channels.
    """
    if channels % num_groups:
        raise ValueError(
            f'{channels} channels cannot be divided into num_groups={num_groups} groups of equal '
            'size: choose base_channels as a multiple of num_groups, or lower num_groups.'
        )
    return nn.GroupNorm(num_groups, channels, eps=1e-6)


def pixels_apart(x: Tensor) -> Tensor:
    """The same map, (B, C, H, W), with the channels of a pixel side by side in memory.

    Convolutions and group norms keep that order, and are faster in it on a CPU, and on a GPU in
    half precision.
    """
    if x.device.type == 'cpu' or torch.is_autocast_enabled(x.device.type):
        return x.contiguous(memory_format=torch.channels_last)
    return x


def norm_silu(norm: nn.GroupNorm, x: Tensor) -> Tensor:
    """Normalise and apply SiLU; without a copy where no gradient needs what is between them."""
    normed = norm(x)
    return F.silu(normed, inplace=not normed.requires_grad)


class ResidualBlock(nn.Module):
    """Two normalised 3x3 convolutions with a residual connection.

    Args:
        in_channels (int): Channels of the input.
        out_channels (int): Channels of the output.
        num_groups (int): Groups of the normalisation.
    """

    def __init__(self, in_channels: int, out_channels: int, num_groups: int):
        super().__init__()
        self.norm1 = group_norm(in_channels, num_groups)
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False)
        self.norm2 = group_norm(out_channels, num_groups)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        # The released weights apply the 1x1 shortcut to the processed branch, not to the input,
        # which is why it maps out_channels to out_channels.
        self.nin_shortcut = (
            nn.Conv2d(out_channels, out_channels, 1, bias=False)
            if in_channels != out_channels
            else None
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, in_channels, H, W) to (B, out_channels, H, W)."""
        h = self.conv1(norm_silu(self.norm1, x))
        h = self.conv2(norm_silu(self.norm2, h))
        shortcut = x if self.nin_shortcut is None else self.nin_shortcut(h)
        return shortcut + h if h.requires_grad else h.add_(shortcut)


class Upsample(nn.Module):
    """Nearest-neighbour upsampling by two and a 3x3 convolution.

    A kernel covers only 2 x 2 different pixels of the map before upsampling. On a CPU, where
    nothing needs a gradient, four kernels of that size, one for each place of a pixel in its
    square, are applied to the small map: the same numbers for 16 products instead of 36.
    """

    def __init__(self, channels: int):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to (B, C, 2H, 2W)."""
        trained = torch.is_grad_enabled() and (x.requires_grad or self.conv.weight.requires_grad)
        in_a_graph = torch.compiler.is_compiling() or torch.jit.is_tracing()
        if trained or in_a_graph or x.device.type != 'cpu':
            return self.conv(F.interpolate(x, scale_factor=2.0, mode='nearest'))
        return self._upsample_after(x)

    def _upsample_after(self, x: Tensor) -> Tensor:
        kernels, bias = made_from_weights(self.conv, self._small_kernels)
        batch_size, _, height, width = x.shape
        # Row and column i see pixels i - 1 and i, so there is one of each more than there are.
        small = F.conv2d(x, kernels, bias, padding=1).unflatten(1, (2, 2, -1))
        shape = (batch_size, small.shape[3], 2 * height, 2 * width)
        out = torch.empty(shape, dtype=small.dtype, memory_format=torch.channels_last)
        for down, right in product(range(2), repeat=2):
            part = small[:, down, right, :, down : down + height, right : right + width]
            out[:, :, down::2, right::2] = part
        return out

    @torch.no_grad()
    def _small_kernels(self) -> tuple[Tensor, Optional[Tensor]]:
        """Kernels (4 C, C, 2, 2), by row and column in the square, and the bias of each."""
        weight = self.conv.weight.float()
        rows = [_halved(weight, dim=2, second=down) for down in (False, True)]
        both = [_halved(row, dim=3, second=right) for row in rows for right in (False, True)]
        kernels = torch.cat(both).to(self.conv.weight.dtype)
        bias = None if self.conv.bias is None else self.conv.bias.repeat(4)
        return kernels.contiguous(memory_format=torch.channels_last), bias


def _halved(kernel: Tensor, dim: int, second: bool) -> Tensor:
    """Add the taps of three that fall on one pixel of the smaller map."""
    first, middle, last = kernel.unbind(dim)
    taps = (first + middle, last) if second else (first, middle + last)
    return torch.stack(taps, dim)


class MiddleBlocks(nn.Module):
    """The two residual blocks at the lowest resolution (no attention between them)."""

    def __init__(self, channels: int, num_groups: int):
        super().__init__()
        self.block_1 = ResidualBlock(channels, channels, num_groups)
        self.block_2 = ResidualBlock(channels, channels, num_groups)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, h, w) to the same shape."""
        return self.block_2(self.block_1(x))


class Level(nn.Module):
    """Residual blocks at one resolution.

    Args:
        in_channels (int): Channels that the first block receives.
        out_channels (int): Channels of all blocks' output.
        num_blocks (int): Number of residual blocks.
        num_groups (int): Groups of the normalisation.
        upsample (bool): Whether an :class:`Upsample` follows the blocks. Defaults to False.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        num_blocks: int,
        num_groups: int,
        upsample: bool = False,
    ):
        super().__init__()
        widths = [in_channels] + [out_channels] * num_blocks
        self.block = nn.ModuleList(
            ResidualBlock(before, after, num_groups) for before, after in pairwise(widths)
        )
        self.upsample = Upsample(out_channels) if upsample else None

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, in_channels, H, W) to (B, out_channels, H, W), or twice that size."""
        for block in self.block:
            x = block(x)
        return x if self.upsample is None else self.upsample(x)
