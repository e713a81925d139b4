"""Semantic segmentation of picture files."""

from pathlib import Path
from typing import Optional, Union

from mmengine.config import Config
from torch import Tensor

from mmaddp.apis.prediction import Images, predict_images


def segment(
    images: Images,
    config: Union[str, Path, Config],
    weights: Union[str, Path],
    out_dir: Optional[Union[str, Path]] = None,
    opacity: float = 0.5,
) -> dict[Path, Tensor]:
    """Label every pixel of images.

    Args:
        images (str | Path | Sequence): A file, a folder of pictures, or several of both.
        config (str | Path | Config): Configuration of a segmentor, or its file. Its test settings
            count: scale, sliding windows.
        weights (str | Path): Checkpoint of this segmentor.
        out_dir (str | Path, optional): Folder for pictures with the labels drawn over the image,
            named as the images are. Defaults to None, no pictures.
        opacity (float): Of the labels drawn, in [0, 1]. Defaults to 0.5.

    Returns:
        dict[Path, Tensor]: File -> index of the class per pixel, long, of the image's shape
        (H, W), on the CPU.

    Raises:
        FileNotFoundError: A file is missing.
        ValueError: An image cannot be read, the weights do not fit, or ``opacity`` is none.
    """
    if not 0 <= opacity <= 1:
        raise ValueError(f'opacity must be in [0, 1], got {opacity}.')
    predictions = predict_images(images, config, weights, out_dir, dict(alpha=opacity))
    return {file: sample.pred_sem_seg.data[0].cpu() for file, sample in predictions}
