"""Pictures of a test's predictions."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmengine.fileio import get
from mmengine.hooks import Hook

from mmaddp.datasets.loading import decode_rgb
from mmaddp.datasets.nesting import innermost_datasets
from mmaddp.registry import HOOKS
from mmaddp.utils.output_names import distinct_names, refuse_overwriting
from mmaddp.visualization.drawing import build_visualizer, draw_sample

NO_IMAGES = '--show-dir draws predictions for images; these samples are none.'


@HOOKS.register_module()
class ShowPredictionsHook(Hook):
    """Draw every prediction of a test: labels, boxes and masks, or label maps.

    The task's own visualizer draws, with annotations on the left where the test data have them.
    A picture is named after its image; where several images share a name, that of the folder is
    put in front. All names are known before the first picture is drawn, alike in every process.

    Args:
        out_dir (str): Folder for the pictures; not one that holds the data.
    """

    def __init__(self, out_dir: str) -> None:
        self.out_dir = Path(out_dir)
        self._visualizer = None
        self._files: dict[str, Path] = {}

    def before_test(self, runner) -> None:
        """Build the visualizer and name the pictures.

        Raises:
            ValueError: The configuration has no visualizer that draws predictions, or the folder
                is one that images or label maps come from.
        """
        dataset = runner.test_dataloader.dataset
        self._visualizer = build_visualizer(runner.cfg, dataset.metainfo)
        infos = list(_infos(dataset))
        paths = list(dict.fromkeys(info['img_path'] for info in infos if 'img_path' in info))
        names = distinct_names(paths)
        self._files = {path: self.out_dir / f'{name}.png' for path, name in zip(paths, names)}
        maps = [info['seg_map_path'] for info in infos if info.get('seg_map_path')]
        refuse_overwriting(list(self._files.values())[:1], [*paths, *maps], '--show-dir')

    def after_test_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        """Draw a batch.

        Raises:
            ValueError: The samples are not of images.
        """
        for sample in outputs or []:
            path = sample.metainfo.get('img_path') if hasattr(sample, 'metainfo') else None
            if path not in self._files:
                raise ValueError(NO_IMAGES)
            draw_sample(self._visualizer, decode_rgb(get(path)), sample, self._files[path])


def _infos(dataset: Any) -> Iterator[dict]:
    """What the data sets inside wrappers know about their samples."""
    for inner in innermost_datasets(dataset):
        if hasattr(inner, 'get_data_info'):
            yield from (inner.get_data_info(index) for index in range(len(inner)))
