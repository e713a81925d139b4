"""Pictures of any number of channels and more than 8 bits, as networks read them."""

from collections.abc import Sequence
from typing import Optional, Union

import numpy as np
from PIL import Image

from mmaddp.datasets.loading import UINT16_MAX, LoadRGBImage
from mmaddp.datasets.samples import as_known_samples, decode_samples
from mmaddp.registry import TRANSFORMS

# Weights of red, green and blue in a grey picture (ITU-R 601, as Pillow has them).
LUMA = np.array([0.299, 0.587, 0.114], np.float32)
# Low and high, each for all channels or one for each.
Range = Sequence[Union[float, Sequence[float]]]


@TRANSFORMS.register_module()
class LoadChannels(LoadRGBImage):
    """Read an image file of any number of channels, or say which file cannot be read.

    8-bit samples stay as they are. Those of more bits are mapped from ``value_range`` to 0..255
    without rounding, and clipped, so that whatever follows sees one range. Grey pictures become
    three equal channels where three are asked for, and coloured ones grey where one is.

    Geometric transforms of the hosts take the result with ``backend='cv2'``; with 'pillow' only
    8-bit pictures of one or three channels.

    Required and added keys are those of :class:`LoadRGBImage`; ``img`` is (H, W, C), or (H, W) for
    one channel, uint8 or float32, in 0..255.

    Args:
        num_channels (int): Channels C of the result. Defaults to 1.
        value_range (Sequence, optional): Samples of more than 8 bits that become 0 and 255: two
            numbers, or two sequences with a number for each channel. Defaults to None: all that
            16 bits can hold; floating-point samples are refused.
        **kwargs: Those of :class:`LoadRGBImage`.

    Raises:
        ValueError: The range is empty, or the number of channels is not positive.
    """

    def __init__(
        self, num_channels: int = 1, value_range: Optional[Range] = None, **kwargs
    ) -> None:
        super().__init__(**kwargs)
        self.num_channels = num_channels
        self.value_range = value_range
        if num_channels < 1:
            raise ValueError(f'num_channels must be at least 1, got {num_channels}.')
        if value_range is not None:
            low, high = (np.asarray(end, np.float32) for end in value_range)
            if not (low < high).all():
                raise ValueError(f'value_range must ascend, got {value_range}.')

    def decode(self, content: bytes) -> np.ndarray:
        """The picture in a file's bytes; see the class."""
        return self.convert(decode_samples(content, self.ignore_orientation))

    def convert(self, picture: Union[np.ndarray, Image.Image]) -> np.ndarray:
        """A picture from memory; see the class.

        Args:
            picture (np.ndarray | Image.Image): Samples (H, W) or (H, W, C), or a Pillow image.

        Raises:
            ValueError: It has another number of channels, or no defined range.
        """
        samples = np.array(picture) if isinstance(picture, Image.Image) else picture
        samples = as_known_samples(samples if samples.ndim == 3 else samples[..., None])
        if samples.dtype != np.uint8:
            samples = self._scaled(samples)
        samples = self._with_channels(samples)
        return samples[..., 0] if self.num_channels == 1 else samples

    def _scaled(self, samples: np.ndarray) -> np.ndarray:
        """Samples of more than 8 bits as float32 in 0..255."""
        if self.value_range is None and samples.dtype == np.float32:
            raise ValueError(
                'floating-point samples have no defined range: state it (value_range of '
                'mmaddp.LoadChannels, --range of mmaddp pretrain)'
            )
        ends: Range = (0, UINT16_MAX) if self.value_range is None else self.value_range
        low, high = (np.asarray(end, np.float32) for end in ends)
        if low.size not in (1, samples.shape[-1]):
            raise ValueError(
                f'it has {samples.shape[-1]} channels, but there is a range for each of {low.size}'
            )
        scaled = (samples.astype(np.float32) - low) * (255 / (high - low))
        return np.nan_to_num(scaled).clip(0, 255)

    def _with_channels(self, samples: np.ndarray) -> np.ndarray:
        have, wanted = samples.shape[-1], self.num_channels
        if have == wanted:
            return samples
        if (have, wanted) == (1, 3):
            return np.repeat(samples, 3, axis=-1)
        if (have, wanted) == (3, 1):
            grey = samples.astype(np.float32) @ LUMA
            grey = grey.round().astype(np.uint8) if samples.dtype == np.uint8 else grey
            return grey[..., None]
        raise ValueError(f'it has {have} channels, but {wanted} are expected')

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(num_channels={self.num_channels}, '
            f'value_range={self.value_range}, ignore_orientation={self.ignore_orientation}, '
            f'skip_broken={self.skip_broken}, backend_args={self.backend_args})'
        )


def reader_for(num_channels: int, value_range: Optional[Range] = None) -> LoadRGBImage:
    """How pictures of a number of channels and a range are read; see :class:`LoadChannels`."""
    if num_channels == 3 and value_range is None:
        return LoadRGBImage()
    return LoadChannels(num_channels, value_range)
