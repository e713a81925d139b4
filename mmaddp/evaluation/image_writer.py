"""Generated images on disk."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmengine.evaluator import BaseMetric

from mmaddp.registry import METRICS
from mmaddp.utils.images import image_grid, save_png


@METRICS.register_module()
class ImageWriter(BaseMetric):
    """Writes each generated image to ``images/NNNNNN.png`` and the first ones as ``grid.png``.

    Args:
        out_dir (str): Folder that gets both.
        grid_size (int): Images on the sheet; 0 for no sheet. Defaults to 64.
        grid_zoom (int): Pixels of the sheet per pixel of an image, along each side. Defaults to 1.
        collect_device (str): Where the images of the sheet are gathered from all ranks.
            Defaults to 'cpu'.
    """

    default_prefix = 'generation'

    def __init__(
        self,
        out_dir: str,
        grid_size: int = 64,
        grid_zoom: int = 1,
        collect_device: str = 'cpu',
    ):
        super().__init__(collect_device=collect_device)
        self.out_dir = Path(out_dir)
        self.grid_size = grid_size
        self.grid_zoom = grid_zoom

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Write a batch of results of ``ADDP.predict``.

        Args:
            data_batch (Any): Not used.
            data_samples (Sequence[dict]): Each holds ``sample_idx`` and ``pred_image``, RGB in
                [0, 1], shape (3, H, W).
        """
        for sample in data_samples:
            index, image = sample['sample_idx'], sample['pred_image']
            save_png(image, self.out_dir / 'images' / f'{index:06d}.png')
            self.results.append(image.cpu() if index < self.grid_size else None)

    def compute_metrics(self, results: list) -> dict[str, int]:
        """Write the sheet.

        Args:
            results (list): Per image, in order: the image if it belongs on the sheet, else None.

        Returns:
            dict[str, int]: ``num_images``.
        """
        shown = [image for image in results if image is not None]
        if shown:
            columns = math.ceil(math.sqrt(len(shown)))
            sheet = image_grid(shown, columns, self.grid_zoom)
            save_png(sheet, self.out_dir / 'grid.png')
        return dict(num_images=len(results))
