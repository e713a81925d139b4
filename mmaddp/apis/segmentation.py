"""Semantic segmentation of images."""

from pathlib import Path
from typing import Optional, Union

from mmaddp.apis.inputs import Images
from mmaddp.apis.prediction import Model, names_of_classes, predict_and_draw, ready_model


def segment(
    images: Images,
    model: Model,
    checkpoint: Optional[Union[str, Path]] = None,
    *,
    out_dir: Optional[Union[str, Path]] = None,
    opacity: float = 0.5,
    device: Optional[str] = None,
) -> list[dict]:
    """Label every pixel of images.

    Args:
        images (str | Path | np.ndarray | Image.Image | Sequence): Files, folders, RGB arrays
            (H, W, 3) of uint8, or Pillow images; one or several.
        model (BaseModel | Config | str | Path): A segmentor of :func:`build_model`, or its config.
            Its test settings apply: scale, sliding windows.
        checkpoint (str | Path, optional): Checkpoint of a config's model. Defaults to None, for a
            model that was built.
        out_dir (str | Path, optional): Folder for pictures with the labels drawn over the image,
            named as the images are. Defaults to None, no pictures.
        opacity (float): Opacity of the labels drawn, in [0, 1]. Defaults to 0.5.
        device (str, optional): Defaults to None: the GPU if there is one.

    Returns:
        list[dict]: For each image ``path`` (None without a file), ``labels``, index of the class
        per pixel, long, of the image's shape (H, W), on the CPU, and ``names`` of all classes.

    Raises:
        FileNotFoundError: A file is missing.
        ValueError: An image cannot be read, the checkpoint does not fit, ``opacity`` is not
            valid, or drawings would lie among the images.
    """
    if not 0 <= opacity <= 1:
        raise ValueError(f'opacity must be in [0, 1], got {opacity}.')
    model = ready_model(model, checkpoint, device)
    names = names_of_classes(model)
    return [
        dict(path=image.path, labels=sample.pred_sem_seg.data[0].cpu(), names=names)
        for image, sample in predict_and_draw(images, model, out_dir, dict(alpha=opacity))
    ]
