"""What models see in a picture."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Optional

import numpy as np
from torch import Tensor

from mmaddp.apis import LoadedModel
from mmaddp.apis.image_files import load_images, picture_reader
from mmaddp.datasets.loading import decode_rgb
from mmaddp.utils.images import as_rgb, to_uint8
from mmaddp.visualization.feature_maps import principal_colours
from mmaddp.web.menu import Choice
from mmaddp.web.overlays import draw_boxes, draw_regions

# Share of the tokens that is hidden in the second reconstruction.
HIDDEN = 0.75
MOST_CLASSES = 5


class View(NamedTuple):
    """One picture of what a model sees.

    Attributes:
        title (str): What it is.
        pixels (np.ndarray): RGB, uint8, (H, W, 3).
    """

    title: str
    pixels: np.ndarray


class Findings(NamedTuple):
    """What one model sees.

    Attributes:
        views (list[View]): As pictures.
        words (str): In words; '' where there is nothing to say.
        about (dict): In numbers, of plain types.
    """

    views: list[View]
    words: str
    about: dict[str, Any]


def look(choice: Choice, model: LoadedModel, file: str, threshold: float) -> Findings:
    """Let a model look at a picture.

    Args:
        choice (Choice): Its entry in the menu.
        model (LoadedModel): The model.
        file (str): The picture.
        threshold (float): Objects of a lower score are left out, in [0, 1].
    """
    if choice.task == 'detect':
        return _objects(model, file, threshold)
    looks: dict[str, Callable[[LoadedModel, str], Findings]] = dict(
        generate=_insides, reconstruct=_reconstruction, classify=_classes, segment=_segments
    )
    return looks[choice.task](model, file)


def _insides(model: LoadedModel, file: str) -> Findings:
    """Reconstructions and features of an ADDP."""
    network = model.model
    size = tuple(network.backbone.img_size)
    seen = load_images(file, size, picture_reader(network))[0]
    tokens = model.features(file, stage='backbone')
    views = [
        View(f'As the model sees it: {size[1]} x {size[0]}', _pixels(seen)),
        View('Through the tokenizer', _pixels(model.reconstruct(file)[0, 0])),
        View(f'{HIDDEN:.0%} hidden and guessed', _pixels(model.reconstruct(file, HIDDEN)[0, 0])),
        View('Features of the patches (PCA)', _colours(tokens[:, 1:], model)),
    ]
    features = tokens[0, 1:].mean(dim=0)
    return Findings(views, '', dict(features=features.tolist()))


def _reconstruction(model: LoadedModel, file: str) -> Findings:
    return Findings([View('Through the tokenizer', _pixels(model.reconstruct(file)[0, 0]))], '', {})


def _classes(model: LoadedModel, file: str) -> Findings:
    (found,) = model.classify(file)
    names = model.model._dataset_meta.get('classes')
    best = found['pred_scores'].argsort()[::-1][:MOST_CLASSES].tolist()
    scores = {_name(names, label): float(found['pred_scores'][label]) for label in best}
    return Findings([], _listed(scores), dict(scores=scores))


def _objects(model: LoadedModel, file: str, threshold: float) -> Findings:
    (found,) = model.detect(file, score_threshold=threshold)
    labels, scores = found['labels'].tolist(), found['scores'].tolist()
    names = [_name(found.get('names'), place) for place in range(len(labels))]
    texts = [f'{name} {score:.0%}' for name, score in zip(names, scores)]
    pixels = _with_masks(_original(file), found.get('masks'), labels)
    drawn = draw_boxes(pixels, found['bboxes'].numpy(), labels, texts)
    found_there = zip(names, scores, found['bboxes'].tolist())
    objects = [dict(name=name, score=score, box=box) for name, score, box in found_there]
    words = ', '.join(texts) or 'no object above the least score'
    view = View('Boxes' if found.get('masks') is None else 'Boxes and masks', drawn)
    return Findings([view], words, dict(objects=objects))


def _with_masks(pixels: np.ndarray, masks: Optional[Tensor], labels: Sequence[int]) -> np.ndarray:
    """A picture with the masks of objects over it, those of the best ones on top."""
    if masks is None:
        return pixels
    regions = np.full(pixels.shape[:2], -1)
    for mask, label in reversed(list(zip(masks.numpy(), labels))):
        regions[mask] = label
    return draw_regions(pixels, regions)


def _segments(model: LoadedModel, file: str) -> Findings:
    (found,) = model.segment(file)
    labels, counts = found['labels'].unique(return_counts=True)
    shares = {
        _name(found['names'], label): count / found['labels'].numel()
        for label, count in zip(labels.tolist(), counts.tolist())
    }
    drawn = draw_regions(_original(file), found['labels'].numpy())
    return Findings([View('Segments', drawn)], _listed(shares), dict(shares=shares))


def _name(names: Optional[Sequence[str]], label: int) -> str:
    return f'class {label}' if names is None else names[label]


def _listed(shares: dict[str, float]) -> str:
    return ', '.join(f'{name} {share:.0%}' for name, share in shares.items())


def _original(file: str) -> np.ndarray:
    return decode_rgb(Path(file).read_bytes())


def _pixels(image: Tensor) -> np.ndarray:
    return to_uint8(as_rgb(image))


def _colours(patches: Tensor, model: LoadedModel) -> np.ndarray:
    """Features of patches (1, L, C) as colours, at the size of the model's pictures."""
    rows, columns = model.model.backbone.patch_resolution
    colours = principal_colours(patches)[0].reshape(rows, columns, 3)
    height, width = model.model.backbone.img_size
    enlarged = colours.repeat_interleave(height // rows, 0).repeat_interleave(width // columns, 1)
    return to_uint8(enlarged.movedim(-1, 0))
