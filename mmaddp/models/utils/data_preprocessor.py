"""Turns a collated batch into what our models read."""

from collections.abc import Sequence
from typing import Union

import torch
from mmpretrain.models.utils import SelfSupDataPreprocessor

from mmaddp.registry import MODELS


@MODELS.register_module()
class ADDPDataPreprocessor(SelfSupDataPreprocessor):
    """Scale images to [0, 1]; leave token ids and imageless batches as they are.

    Images arrive as RGB (our loader reads RGB), so no channels are swapped, and the networks
    normalise for themselves where they need it.

    Args:
        mean (Sequence[float]): Subtracted per channel, or once for all, in the image's own
            units. Defaults to ``(0.0,)``.
        std (Sequence[float]): Divisor per channel, or one for all. Defaults to ``(255.0,)``.
        **kwargs: Those of :class:`mmpretrain.SelfSupDataPreprocessor`.
    """

    def __init__(
        self, mean: Sequence[float] = (0.0,), std: Sequence[float] = (255.0,), **kwargs
    ) -> None:
        super().__init__(mean=mean, std=std, **kwargs)

    def forward(self, data: dict, training: bool = False) -> dict:
        """Move a batch to the device and scale its images.

        Args:
            data (dict): ``inputs``, optional: images (B, 3, H, W) of 0..255, a list of B such
                images of one size, or token ids (B, L) long; ``data_samples``, optional.
            training (bool): Whether the batch is for training; makes no difference. Defaults to
                False.

        Returns:
            dict: ``inputs``: images (B, 3, H, W) float, about [0, 1]; the token ids; or None.
            ``data_samples``: the list, or None.

        Raises:
            ValueError: The images of a batch differ in size.
        """
        inputs = _stacked(data.get('inputs'))
        batch = dict(inputs=inputs, data_samples=data.get('data_samples'))
        if inputs is None or _is_token_ids(inputs):
            return self.cast_data(batch)
        return super().forward(batch, training)


def _stacked(inputs: Union[torch.Tensor, Sequence[torch.Tensor], None]):
    if inputs is None or isinstance(inputs, torch.Tensor):
        return inputs
    shapes = {tuple(item.shape) for item in inputs}
    if len(shapes) > 1:
        raise ValueError(
            f'The images of one batch have the shapes {sorted(shapes)}; crop or resize them to one '
            'size in the pipeline.'
        )
    return torch.stack(list(inputs))


def _is_token_ids(inputs: torch.Tensor) -> bool:
    return inputs.dtype == torch.long and inputs.dim() == 2
