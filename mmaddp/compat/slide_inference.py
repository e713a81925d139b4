"""Segmentation of large images by windows, each added where it belongs."""

import sys
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor


def slide_inference(self: Any, inputs: Tensor, batch_img_metas: list[dict]) -> Tensor:
    """Mean logits of overlapping windows.

    mmsegmentation adds each window to the whole image, padded with zeros to its size. The values
    are the same. ``test_cfg.windows_per_batch`` windows go through the network together, by default
    one, which is bit-equal to mmsegmentation.

    Args:
        self (EncoderDecoder): The segmentor; ``test_cfg`` has ``crop_size`` and ``stride``.
        inputs (Tensor): Images, shape (B, 3, H, W).
        batch_img_metas (list[dict]): Their metainfo; ``img_shape`` of the first becomes that of
            the windows, as in mmsegmentation.

    Returns:
        Tensor: Logits, shape (B, classes, H, W).
    """
    batch, _, height, width = inputs.shape
    (high, wide), (down, right) = self.test_cfg.crop_size, self.test_cfg.stride
    windows = [
        (slice(None), slice(None), rows, columns)
        for rows in _spans(height, high, down)
        for columns in _spans(width, wide, right)
    ]
    logits = inputs.new_zeros(batch, self.out_channels, height, width)
    counts = inputs.new_zeros(batch, 1, height, width)
    together = self.test_cfg.get('windows_per_batch', 1)
    for start in range(0, len(windows), together):
        part = windows[start : start + together]
        crops = torch.cat([inputs[window] for window in part])
        batch_img_metas[0]['img_shape'] = crops.shape[2:]
        found = self.encode_decode(crops, batch_img_metas).split(batch)
        for window, window_logits in zip(part, found):
            logits[window] += window_logits
            counts[window] += 1
    return logits / counts


def _spans(side: int, window: int, stride: int) -> Iterator[slice]:
    """Places of windows along a side; the last one ends with it."""
    for number in range(max(side - window + stride - 1, 0) // stride + 1):
        end = min(number * stride + window, side)
        yield slice(max(end - window, 0), end)


def install() -> None:
    """Replace ``EncoderDecoder.slide_inference``."""
    module = sys.modules['mmseg.models.segmentors.encoder_decoder']
    module.EncoderDecoder.slide_inference = slide_inference
