"""Files of generated pictures, of as many channels and bits as the model was trained on."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

import numpy as np
import torch
from torch import Tensor

from mmaddp.datasets.samples import decode_samples, encode_samples
from mmaddp.utils.atomic import write_bytes
from mmaddp.utils.images import as_rgb, quantize
from mmaddp.utils.open_picture import open_picture

UINT16_MAX = 2**16 - 1


@dataclass(frozen=True)
class PictureFiles:
    """How generated pictures are written and read.

    8 bits, grey or RGB: PNG. More bits: 16-bit samples in the units of the training pictures, as
    PNG for one channel, else as TIFF. Other numbers of channels: TIFF.

    Attributes:
        num_channels (int): Channels C. Defaults to 3.
        value_range (Sequence, optional): Samples of more than 8 bits that stand for 0 and 1, see
            :class:`mmaddp.LoadChannels`. Defaults to None, 8 bits.
    """

    num_channels: int = 3
    value_range: Optional[Sequence] = None

    @property
    def suffix(self) -> str:
        """Of the files."""
        deep = self.value_range is not None
        return '.png' if self.num_channels == 1 or (self.num_channels == 3 and not deep) else '.tif'

    def quantize(self, images: Tensor) -> Tensor:
        """Samples of the files.

        Args:
            images (Tensor): In [0, 1], shape (B, C, H, W).

        Returns:
            Tensor: uint8; with more bits int32 in 0..65535.
        """
        if self.value_range is None:
            return quantize(images)
        low, high = self._ends(images)
        samples = images.detach().float().clamp(0, 1) * (high - low) + low
        return samples.round().clamp(0, UINT16_MAX).int()

    def shown(self, samples: Tensor) -> Tensor:
        """Samples of :meth:`quantize` as 8-bit RGB, (B, 3, H, W), for scores and sheets."""
        if self.value_range is not None:
            low, high = self._ends(samples)
            samples = quantize((samples - low) / (high - low))
        return as_rgb(samples)

    def save(self, samples: Tensor, path: Path) -> None:
        """Write the samples (C, H, W) of a picture; the file is complete or absent."""
        pixels = samples.movedim(0, -1).cpu().numpy()
        pixels = pixels if self.value_range is None else pixels.astype(np.uint16)
        write_bytes(path, encode_samples(np.ascontiguousarray(pixels))[0])

    def read(self, path: Path) -> Optional[np.ndarray]:
        """Check every part of a file and decode it.

        Returns:
            np.ndarray, optional: Samples (H, W, C), uint8 or int32; None if it is not intact.
        """
        try:
            content = path.read_bytes()
            if self.suffix == '.png':
                with open_picture(content) as image:
                    if image.format != 'PNG':
                        return None
                    image.verify()
            samples = decode_samples(content)
        except (OSError, SyntaxError, ValueError):
            return None
        expected = np.uint8 if self.value_range is None else np.uint16
        if samples.dtype != expected or samples.shape[2] != self.num_channels:
            return None
        return samples if expected == np.uint8 else samples.astype(np.int32)

    def _ends(self, images: Tensor) -> tuple[Tensor, Tensor]:
        assert self.value_range is not None
        low, high = (
            torch.as_tensor(end, dtype=torch.float32, device=images.device).view(-1, 1, 1)
            for end in self.value_range
        )
        return low, high
