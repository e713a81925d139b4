"""Small sheets of what the model generates and sees, during pre-training."""

from collections.abc import Sequence
from typing import Optional

from mmengine.dist import is_main_process
from torch import Tensor

from mmaddp.engine.insight.insight_hook import Findings, InsightHook
from mmaddp.models.selfsup import ADDP
from mmaddp.models.tokenizers.figures import code_use
from mmaddp.registry import HOOKS
from mmaddp.utils.images import image_grid
from mmaddp.utils.wrappers import unwrap
from mmaddp.visualization.target_pictures import target_images


@HOOKS.register_module()
class GenerationPreviewHook(InsightHook):
    """Sheets of pictures, and how many codes they use.

    - ``samples``: generated from the same seeds every time.
    - ``reconstructions``: images of the first batch above (if the data are images and not cached
      tokens), their reconstructions by the tokenizer below.
    - ``targets``: the images x_t that the encoder is trained on, one row per mask ratio.
    - ``insight/samples_code_use`` and ``insight/samples_perplexity``: share of the codes that the
      samples use, and the exponential of the entropy of their frequencies; and the same of the
      images of the first batch, ``insight/images_...``. Samples that use fewer are less varied.

    See the base class for the effect on training: none.

    Args:
        interval (int): Epochs, or iterations, between two sheets. Defaults to 1.
        by_epoch (bool): Whether ``interval`` counts epochs. Defaults to True.
        num_images (int): Images per row. Defaults to 8.
        mask_ratios (Sequence[float]): Rows of ``targets``. Defaults to (0.5, 0.75, 0.95).
        zoom (int): Pixels of a sheet per pixel of an image, along each side. Defaults to 1.
        max_share (float, optional): Largest share of the training's time that this may take, in
            (0, 1]. Defaults to None, no limit.

    Raises:
        ValueError: A number is out of range.
    """

    def __init__(
        self,
        interval: int = 1,
        by_epoch: bool = True,
        num_images: int = 8,
        mask_ratios: Sequence[float] = (0.5, 0.75, 0.95),
        zoom: int = 1,
        max_share: Optional[float] = None,
    ) -> None:
        super().__init__(interval, by_epoch, max_share)
        if num_images < 1:
            raise ValueError(f'num_images must be at least 1, got {num_images}.')
        self.num_images = num_images
        self.mask_ratios = mask_ratios
        self.zoom = zoom
        self._inputs: Optional[Tensor] = None

    def after_train_iter(
        self, runner, batch_idx: int, data_batch=None, outputs: Optional[dict] = None
    ) -> None:
        """Keep the first training images; draw, if iterations are counted."""
        if self._inputs is None and is_main_process():
            first = dict(inputs=data_batch['inputs'][: self.num_images])
            self._inputs = unwrap(runner.model).data_preprocessor(first, False)['inputs']
        super().after_train_iter(runner, batch_idx, data_batch, outputs)

    def look(self, model: ADDP) -> Findings:
        """Generate, reconstruct, and decode what the encoder sees."""
        generator = model.target_generator
        inputs, token_ids = self._inputs, generator.tokenize(self._inputs)
        *_, last = model.generate(range(self.num_images), every_image=False)
        targets = target_images(model, inputs, self.mask_ratios)
        columns = len(inputs)
        return Findings(
            _figures(
                samples=last.token_ids, images=token_ids, num_codes=generator.tokenizer.num_codes
            ),
            dict(
                samples=image_grid([*last.images], self.num_images, self.zoom),
                reconstructions=image_grid(
                    _reconstructions(model, inputs, token_ids), columns, self.zoom
                ),
                targets=image_grid([*targets.flatten(0, 1)], columns, self.zoom),
            ),
        )


def _figures(num_codes: int, **token_ids: Tensor) -> dict[str, float]:
    figures: dict[str, float] = {}
    for name, ids in token_ids.items():
        use, perplexity = code_use(ids, num_codes)
        figures |= {f'insight/{name}_code_use': use, f'insight/{name}_perplexity': perplexity}
    return figures


def _reconstructions(model: ADDP, inputs: Tensor, token_ids: Tensor) -> list[Tensor]:
    """Images and what their tokens decode to, or this alone for token ids."""
    generator = model.target_generator
    codes = generator.tokenizer.embed(token_ids).transpose(1, 2)
    decoded = generator.tokenizer.decode(codes.unflatten(2, generator.grid_size))
    return [*inputs, *decoded] if inputs.is_floating_point() else [*decoded]
