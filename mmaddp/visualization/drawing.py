"""Pictures of samples with their labels, boxes, masks or label maps, by the hosts' visualisers."""

import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Optional, Union

import numpy as np
from mmengine.config import Config
from mmengine.registry import VISUALIZERS
from mmengine.structures import BaseDataElement
from mmengine.visualization import Visualizer


def build_visualizer(cfg: Config, dataset_meta: Optional[dict] = None, **changes) -> Visualizer:
    """Build the visualiser of a configuration, without the backends that a run writes to.

    Args:
        cfg (Config): With ``visualizer``; its ``default_scope`` must be set.
        dataset_meta (dict, optional): ``classes`` and ``palette``. Defaults to None.
        **changes: Settings of the visualiser to replace.

    Returns:
        Visualizer: For :func:`draw_sample`.

    Raises:
        ValueError: There is none, or it does not draw predictions.
    """
    settings = dict(cfg.get('visualizer') or {}, **changes)
    settings.update(vis_backends=None, name=f'mmaddp_{uuid.uuid4().hex}')
    visualizer = VISUALIZERS.build(settings) if 'type' in settings else None
    if visualizer is None or _drawing_method(visualizer) is None:
        raise ValueError(
            f'The visualizer of the configuration ({settings.get("type")}) draws neither labels '
            "nor boxes nor label maps; set that of the task's host, such as SegLocalVisualizer."
        )
    if dataset_meta:
        visualizer.dataset_meta = dict(dataset_meta)
    return visualizer


def draw_sample(
    visualizer: Visualizer,
    image: np.ndarray,
    sample: BaseDataElement,
    file: Union[str, Path],
    **options,
) -> None:
    """Draw a sample's annotations and predictions, side by side if there are both.

    Args:
        visualizer (Visualizer): From :func:`build_visualizer`.
        image (np.ndarray): RGB, uint8, shape (H, W, 3).
        sample (BaseDataElement): A data sample of the host.
        file (str | Path): Picture to write, completely or not at all; its folder is created.
        **options: As in the visualiser's own method, for instance ``draw_gt=False``.
    """
    file = Path(file)
    file.parent.mkdir(parents=True, exist_ok=True)
    # The hosts choose the format by the suffix.
    unfinished = file.with_name(f'.{uuid.uuid4().hex}{file.suffix}')
    try:
        _drawing_method(visualizer)(
            image=image, data_sample=sample, name=file.stem, out_file=str(unfinished), **options
        )
        os.replace(unfinished, file)
    finally:
        unfinished.unlink(missing_ok=True)


def _drawing_method(visualizer: Visualizer) -> Optional[Callable]:
    """The visualiser's method that draws a data sample; mmengine's own draws nothing."""
    if hasattr(visualizer, 'visualize_cls'):
        return visualizer.visualize_cls
    if type(visualizer).add_datasample is not Visualizer.add_datasample:
        return visualizer.add_datasample
    return None
