"""Detection of objects, with their masks, in picture files."""

from pathlib import Path
from typing import Optional, Union

from mmengine.config import Config
from mmengine.structures import InstanceData

from mmaddp.apis.prediction import Images, predict_images


def detect(
    images: Images,
    config: Union[str, Path, Config],
    weights: Union[str, Path],
    out_dir: Optional[Union[str, Path]] = None,
    score_threshold: float = 0.3,
) -> dict[Path, InstanceData]:
    """Find objects in images.

    Args:
        images (str | Path | Sequence): A file, a folder of pictures, or several of both.
        config (str | Path | Config): Configuration of a detector, or its file. Its test settings
            count: scale, padding, threshold and number of objects.
        weights (str | Path): Checkpoint of this detector.
        out_dir (str | Path, optional): Folder for pictures with boxes and masks drawn over the
            image, named as the images are. Defaults to None, no pictures.
        score_threshold (float): Objects below this score are left out, in [0, 1]. Defaults to 0.3.

    Returns:
        dict[Path, InstanceData]: File -> N objects, best first, on the CPU: ``bboxes`` (N, 4),
        corners x1, y1, x2, y2 in pixels of the image; ``scores`` (N,) in [0, 1]; ``labels`` (N,),
        index of the class; ``masks`` bool, (N, H, W), where the detector has them.

    Raises:
        FileNotFoundError: A file is missing.
        ValueError: An image cannot be read, the weights do not fit, or ``score_threshold`` is
            none.
    """
    if not 0 <= score_threshold <= 1:
        raise ValueError(f'score_threshold must be in [0, 1], got {score_threshold}.')
    found = {}
    predictions = predict_images(images, config, weights, out_dir, pred_score_thr=score_threshold)
    for file, sample in predictions:
        objects = sample.pred_instances.cpu()
        found[file] = objects[objects.scores >= score_threshold]
    return found
