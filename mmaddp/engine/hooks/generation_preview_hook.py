"""Small sheets of what the model generates and sees, during pre-training."""

from collections.abc import Sequence
from typing import Optional

import torch
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from torch import Tensor

from mmaddp.models.selfsup import ADDP
from mmaddp.registry import HOOKS
from mmaddp.utils.images import image_grid, to_uint8
from mmaddp.utils.wrappers import unwrap
from mmaddp.visualization.target_pictures import target_images


@HOOKS.register_module()
class GenerationPreviewHook(Hook):
    """Hand sheets of pictures to the visualizer, whatever its backends are.

    - ``samples``: generated from the same seeds every time.
    - ``reconstructions``: images of the first batch above (if the data are images and not cached
      tokens), their reconstructions by the tokenizer below.
    - ``targets``: the images x_t that the encoder is trained on, one row per mask ratio.

    Training is not affected: modes and random states stay as they were.

    Args:
        interval (int): Epochs, or iterations, between two sheets. Defaults to 1.
        by_epoch (bool): Whether ``interval`` counts epochs. Defaults to True.
        num_images (int): Images per row. Defaults to 8.
        mask_ratios (Sequence[float]): Rows of ``targets``. Defaults to (0.5, 0.75, 0.95).
        zoom (int): Pixels of a sheet per pixel of an image, along each side. Defaults to 1.

    Raises:
        ValueError: ``interval`` or ``num_images`` is below 1.
    """

    priority = 'LOW'

    def __init__(
        self,
        interval: int = 1,
        by_epoch: bool = True,
        num_images: int = 8,
        mask_ratios: Sequence[float] = (0.5, 0.75, 0.95),
        zoom: int = 1,
    ) -> None:
        for name, value in (('interval', interval), ('num_images', num_images)):
            if value < 1:
                raise ValueError(f'{name} must be at least 1, got {value}.')
        self.interval = interval
        self.by_epoch = by_epoch
        self.num_images = num_images
        self.mask_ratios = mask_ratios
        self.zoom = zoom
        self._inputs: Optional[Tensor] = None

    def before_train(self, runner) -> None:
        """Refuse a model that does not generate."""
        if not isinstance(_model(runner), ADDP):
            raise ValueError(
                f'GenerationPreviewHook draws what an ADDP model generates, but the model is a '
                f'{type(_model(runner)).__name__}: remove the hook.'
            )

    def after_train_iter(
        self, runner, batch_idx: int, data_batch: dict, outputs: Optional[dict] = None
    ) -> None:
        """Keep the first training images; draw, if iterations are counted."""
        if not is_main_process():
            return
        if self._inputs is None:
            first = dict(inputs=data_batch['inputs'][: self.num_images])
            self._inputs = _model(runner).data_preprocessor(first, False)['inputs']
        if not self.by_epoch and self.every_n_train_iters(runner, self.interval):
            self._draw(runner, runner.iter + 1)

    def after_train_epoch(self, runner) -> None:
        """Draw, if epochs are counted."""
        if self.by_epoch and is_main_process() and self.every_n_epochs(runner, self.interval):
            self._draw(runner, runner.iter)

    @torch.no_grad()
    def _draw(self, runner, step: int) -> None:
        model = _model(runner)
        training = model.training
        model.eval()
        try:
            targets = target_images(model, self._inputs, self.mask_ratios)
            sheets = dict(
                samples=_samples(model, self.num_images),
                reconstructions=_reconstructions(model, self._inputs),
                targets=[*targets.flatten(0, 1)],
            )
        finally:
            model.train(training)
        for name, images in sheets.items():
            columns = self.num_images if name == 'samples' else len(self._inputs)
            sheet = to_uint8(image_grid(images, columns, self.zoom))
            runner.visualizer.add_image(name, sheet, step)


def _samples(model: ADDP, num_images: int) -> list[Tensor]:
    *_, last = model.generate(range(num_images), every_image=False)
    return [*last.images]


def _reconstructions(model: ADDP, inputs: Tensor) -> list[Tensor]:
    """Images and what their tokens decode to, or this alone for token ids."""
    generator = model.target_generator
    token_ids = generator.tokenize(inputs)
    codes = generator.tokenizer.embed(token_ids).transpose(1, 2)
    decoded = generator.tokenizer.decode(codes.unflatten(2, generator.grid_size))
    return [*decoded] if inputs.dtype == torch.long else [*inputs, *decoded]


def _model(runner) -> torch.nn.Module:
    return unwrap(runner.model)
