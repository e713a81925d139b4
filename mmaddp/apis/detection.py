"""Detection of objects in images, with their masks."""

from pathlib import Path
from typing import Optional, Union

from mmaddp.apis.inputs import Images
from mmaddp.apis.prediction import Model, names_of_classes, predict_and_draw, ready_model


def detect(
    images: Images,
    model: Model,
    checkpoint: Optional[Union[str, Path]] = None,
    *,
    out_dir: Optional[Union[str, Path]] = None,
    score_threshold: float = 0.3,
    device: Optional[str] = None,
) -> list[dict]:
    """Find objects in images.

    Args:
        images (str | Path | np.ndarray | Image.Image | Sequence): Files, folders, RGB arrays
            (H, W, 3) of uint8, or Pillow images; one or several.
        model (BaseModel | Config | str | Path): A detector of :func:`build_model`, or its config.
            Its test settings apply: scale, padding, threshold and number of objects.
        checkpoint (str | Path, optional): Checkpoint of a config's model. Defaults to None, for a
            model that was built.
        out_dir (str | Path, optional): Folder for pictures with boxes and masks drawn over the
            image, named as the images are. Defaults to None, no pictures.
        score_threshold (float): Objects below this score are left out, in [0, 1]. Defaults to 0.3.
        device (str, optional): Defaults to None: the GPU if there is one.

    Returns:
        list[dict]: For each image ``path`` (None without a file) and its N objects, best first, on
        the CPU: ``bboxes`` (N, 4), corners x1, y1, x2, y2 in pixels of the image; ``scores`` (N,)
        in [0, 1]; ``labels`` (N,), index of the class; ``names``, a list of the classes' names;
        ``masks`` bool, (N, H, W), where the detector has them.

    Raises:
        FileNotFoundError: A file is missing.
        ValueError: An image cannot be read, the checkpoint does not fit, ``score_threshold`` is
            not valid, or drawings would lie among the images.
    """
    if not 0 <= score_threshold <= 1:
        raise ValueError(f'score_threshold must be in [0, 1], got {score_threshold}.')
    model = ready_model(model, checkpoint, device)
    names = names_of_classes(model)
    results = []
    for image, sample in predict_and_draw(images, model, out_dir, pred_score_thr=score_threshold):
        objects = sample.pred_instances.cpu()
        objects = objects[objects.scores >= score_threshold]
        result = dict(path=image.path, **dict(objects.items()))
        if names is not None:
            result['names'] = [names[label] for label in objects.labels.tolist()]
        results.append(result)
    return results
