"""Converting tensors to image files."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torchvision.utils import make_grid

from mmaddp.utils.atomic import atomic_path
from mmaddp.utils.open_picture import open_picture


def quantize(images: Tensor) -> Tensor:
    """Convert RGB images to bytes as the official generation does: clamp, scale, **truncate**.

    Bytes divided by 255 come back as they were.

    Args:
        images (Tensor): Nominally in [0, 1], any shape; or uint8, which stays as it is.

    Returns:
        Tensor: uint8, the same shape.
    """
    if images.dtype == torch.uint8:
        return images
    return (images.detach().float().clamp(0, 1) * 255).to(torch.uint8)


def as_rgb(images: Tensor) -> Tensor:
    """Pictures of any number of channels as they are shown.

    Args:
        images (Tensor): Shape (..., C, H, W).

    Returns:
        Tensor: Shape (..., 3, H, W): RGB as it is, one or two channels as grey (the first one), of
        more than three the first three.
    """
    channels = images.shape[-3]
    if channels >= 3:
        return images[..., :3, :, :]
    return torch.cat([images[..., :1, :, :]] * 3, dim=-3)


def shown_pixels(pixels: np.ndarray) -> np.ndarray:
    """A picture of any number of channels as it is shown.

    Args:
        pixels (np.ndarray): In 0..255, shape (H, W, C), or (H, W) for one channel.

    Returns:
        np.ndarray: RGB, uint8, shape (H, W, 3); see :func:`as_rgb`.
    """
    if pixels.ndim == 3 and pixels.shape[2] == 3 and pixels.dtype == np.uint8:
        return pixels
    channels = pixels if pixels.ndim == 3 else pixels[..., None]
    channels = channels[..., :3] if channels.shape[2] >= 3 else channels[..., [0, 0, 0]]
    return np.ascontiguousarray(channels.round().astype(np.uint8))


def to_uint8(images: Tensor) -> np.ndarray:
    """RGB images as arrays of the bytes that :func:`quantize` gives.

    Args:
        images (Tensor): Shape (..., 3, H, W), nominally in [0, 1].

    Returns:
        np.ndarray: uint8, shape (..., H, W, 3).
    """
    return quantize(images).movedim(-3, -1).cpu().numpy()


def save_png(image: Tensor, path: Path) -> None:
    """Write an image (C, H, W), in [0, 1] or uint8, as PNG; the file is complete or absent.

    One channel becomes a grey picture; see :func:`as_rgb` for other numbers than 1 and 3.
    Two processes may write the same image at once, as ranks do with the samples that pad a set.
    """
    with atomic_path(path) as unfinished:
        pixels = to_uint8(image)[..., 0] if len(image) == 1 else to_uint8(as_rgb(image))
        Image.fromarray(pixels).save(unfinished, format='PNG')


def read_png(path: Path) -> Tensor:
    """Read a file written by :func:`save_png`: in [0, 1], shape (3, H, W), or (1, H, W) if grey."""
    with open_picture(path) as image:
        pixels = torch.from_numpy(np.array(image))
    return (pixels[None] if pixels.dim() == 2 else pixels.movedim(-1, 0)).float() / 255


def image_grid(images: Sequence[Tensor], columns: int, zoom: int = 1) -> Tensor:
    """Arrange images (C, H, W) in [0, 1] on one sheet, with white gaps between them.

    They are shown as :func:`as_rgb` says.

    Args:
        images (Sequence[Tensor]): Images of the same size.
        columns (int): Images per row.
        zoom (int): Pixels of the sheet per pixel of an image, along each side. Defaults to 1.

    Returns:
        Tensor: The sheet, shape (3, H', W').
    """
    batch = torch.stack([as_rgb(image.detach()).float().clamp(0, 1).cpu() for image in images])
    batch = batch.repeat_interleave(zoom, dim=2).repeat_interleave(zoom, dim=3)
    return make_grid(batch, nrow=columns, pad_value=1.0)
