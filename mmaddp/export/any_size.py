"""Copies of models that take images of any size without a branch that depends on the size.

A traced graph has one path. Where our networks and the hosts' ask whether a size is the usual one,
the copies always take the general way, which gives the same numbers.
"""

import copy
from types import MethodType

import torch
import torch.nn.functional as F
from mmengine.model import BaseModel
from torch import Tensor, nn

from mmaddp.models.backbones import ADDPViT, ADDPViTDet
from mmaddp.models.utils import GridAttention, RelativePositionBias

from .grid_attention import AnySizeGridAttention


def any_size(model: BaseModel) -> BaseModel:
    """Copy a model for tracing.

    Args:
        model (BaseModel): In evaluation mode; it stays as it is.

    Returns:
        BaseModel: Shares the model's parameters and gives the same numbers.
    """
    shared = {id(tensor): tensor for tensor in (*model.parameters(), *model.buffers())}
    traced = copy.deepcopy(model, shared)
    for name, part in list(traced.named_modules()):
        if isinstance(part, ADDPViT):
            part.embed = MethodType(_embed, part)  # type: ignore[method-assign]
        elif isinstance(part, GridAttention):
            traced.set_submodule(name, AnySizeGridAttention(part))
        elif isinstance(part, RelativePositionBias):
            part.forward = MethodType(_relative_bias, part)  # type: ignore[method-assign]
        elif isinstance(part, nn.AdaptiveAvgPool2d):
            traced.set_submodule(name, AnySizePool(part.output_size))
    return traced


def _embed(vit: ADDPViT, images: Tensor) -> tuple[Tensor, tuple[int, int]]:
    """As :meth:`ADDPViT.embed`; positions are always resized."""
    kernel = vit.patch_embed.projection.kernel_size
    # The last patches are filled with zeros; a rest that fills none is not read.
    padded = F.pad(images, (0, kernel[1] - 1, 0, kernel[0] - 1))
    patches = vit.patch_embed.projection(padded)
    grid = (patches.shape[2], patches.shape[3])
    tokens = patches.flatten(2).transpose(1, 2)
    if vit.cls_token is not None:
        tokens = torch.cat((vit.cls_token.expand(tokens.shape[0], -1, -1), tokens), dim=1)
    extra, table = vit.pos_embed.split(
        (vit.num_extra_tokens, vit.pos_embed.shape[1] - vit.num_extra_tokens), dim=1
    )
    table = table.unflatten(1, tuple(vit.patch_resolution)).permute(0, 3, 1, 2)
    table = F.interpolate(table, size=grid, mode=vit.interpolate_mode, align_corners=False)
    tokens = vit.pre_norm(tokens + torch.cat((extra, table.flatten(2).transpose(1, 2)), dim=1))
    return (tokens.unflatten(1, grid) if isinstance(vit, ADDPViTDet) else tokens), grid


def _relative_bias(bias: RelativePositionBias, grid: tuple[int, int]) -> Tensor:
    """As :class:`RelativePositionBias`; the table is always resized."""
    height, width = grid
    own = [2 * side - 1 for side in bias.grid]
    sizes = (2 * height - 1, 2 * width - 1)
    table = bias.table.t()
    offsets, special = table[:, : own[0] * own[1]], table[:, own[0] * own[1] :]
    resized = F.interpolate(
        offsets.unflatten(1, own)[None], size=sizes, mode='bicubic', align_corners=False
    )
    device = table.device
    rows = torch.arange(height, device=device)[:, None].expand(height, width).flatten()
    columns = torch.arange(width, device=device).expand(height, width).flatten()
    down = rows[:, None] - rows + (height - 1)
    right = columns[:, None] - columns + (width - 1)
    index = (down * sizes[1] + right).flatten()
    patches = resized[0].flatten(1)[:, index].unflatten(1, (height * width, height * width))
    # Class token to patches, patches to class token, class token to itself.
    to_patch = special[:, :1, None].expand(-1, -1, height * width)
    to_class = special[:, 1:2, None].expand(-1, height * width, -1)
    first = torch.cat((special[:, 2:, None], to_patch), dim=2)
    return torch.cat((first, torch.cat((to_class, patches), dim=2)), dim=1)


class AnySizePool(nn.Module):
    """``nn.AdaptiveAvgPool2d`` as a product with a matrix, for sizes unknown at tracing.

    Args:
        output_size (int | tuple[int, int]): Rows and columns of the result.
    """

    def __init__(self, output_size: int | tuple[int, int]):
        super().__init__()
        if isinstance(output_size, int):
            output_size = (output_size, output_size)
        self.output_size = output_size

    def forward(self, x: Tensor) -> Tensor:
        """Pool (B, C, H, W) to (B, C, rows, columns)."""
        rows = _shares(x.shape[2], self.output_size[0], x)
        columns = _shares(x.shape[3], self.output_size[1], x)
        shares = rows[:, None, :, None] * columns[:, None]
        pooled = x.flatten(2) @ shares.flatten(2).flatten(0, 1).t()
        return pooled.unflatten(2, self.output_size)


def _shares(size: int, cells: int, like: Tensor) -> Tensor:
    """How much of each cell's mean each place gives: (cells, size), rows sum to 1."""
    places = torch.arange(size, device=like.device)
    cell = torch.arange(cells, device=like.device)[:, None]
    # Cell i goes from floor(i * size / cells) up to ceil((i + 1) * size / cells), not included.
    inside = (places >= cell * size // cells) & (places * cells < (cell + 1) * size)
    inside = inside.to(like.dtype)
    return inside / inside.sum(dim=1, keepdim=True)
