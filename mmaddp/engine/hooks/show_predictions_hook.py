"""Pictures of what a test predicts."""

from collections import Counter
from pathlib import Path

import mmcv
from mmengine.fileio import get
from mmengine.hooks import Hook

from mmaddp.registry import HOOKS
from mmaddp.visualization.drawing import build_visualizer, draw_sample


@HOOKS.register_module()
class ShowPredictionsHook(Hook):
    """Draw every prediction of a test: labels, boxes and masks, or label maps.

    The task's own visualiser draws, annotations on the left where the test data have them. A
    picture has its image's name; a name that occurs again gets a number.

    Args:
        out_dir (str): Folder for the pictures.
    """

    def __init__(self, out_dir: str) -> None:
        self.out_dir = Path(out_dir)
        self._visualizer = None
        self._names: Counter = Counter()

    def before_test(self, runner) -> None:
        """Build the visualiser.

        Raises:
            ValueError: The configuration has none that draws predictions.
        """
        self._visualizer = build_visualizer(runner.cfg, runner.test_dataloader.dataset.metainfo)

    def after_test_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        """Draw a batch.

        Raises:
            ValueError: The samples are not of images.
        """
        for sample in outputs or []:
            path = sample.metainfo.get('img_path') if hasattr(sample, 'metainfo') else None
            if path is None:
                raise ValueError('--show-dir draws predictions for images; these samples are none.')
            image = mmcv.imfrombytes(get(path), channel_order='rgb')
            stem = Path(path).stem
            self._names[stem] += 1
            number = self._names[stem]
            name = stem if number == 1 else f'{stem}_{number}'
            draw_sample(self._visualizer, image, sample, self.out_dir / f'{name}.png')
