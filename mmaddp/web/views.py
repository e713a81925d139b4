"""What models see in a picture."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image
from torch import Tensor

from mmaddp.apis import LoadedModel
from mmaddp.apis.image_files import load_images, picture_reader
from mmaddp.utils.images import as_rgb, to_uint8
from mmaddp.visualization.feature_maps import principal_colours
from mmaddp.web.menu import Choice

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
        lines (list[str]): In words, Markdown.
        about (dict): In numbers, of plain types.
    """

    views: list[View]
    lines: list[str]
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
    return Findings(views, [], dict(features=features.tolist()))


def _reconstruction(model: LoadedModel, file: str) -> Findings:
    return Findings([View('Through the tokenizer', _pixels(model.reconstruct(file)[0, 0]))], [], {})


def _classes(model: LoadedModel, file: str) -> Findings:
    (found,) = model.classify(file)
    names = model.model._dataset_meta.get('classes')
    best = found['pred_scores'].argsort()[::-1][:MOST_CLASSES].tolist()
    scores = {
        (names[label] if names else f'class {label}'): float(found['pred_scores'][label])
        for label in best
    }
    lines = ['| class | score |', '| --- | ---: |']
    lines += [f'| {name} | {score:.1%} |' for name, score in scores.items()]
    return Findings([], ['\n'.join(lines)], dict(scores=scores))


def _objects(model: LoadedModel, file: str, threshold: float) -> Findings:
    with _drawing() as drawn:
        (found,) = model.detect(file, score_threshold=threshold, draw=drawn)
        view = View('Boxes and masks', _read(drawn))
    names = found.get('names') or [f'class {label}' for label in found['labels'].tolist()]
    objects = [
        dict(name=name, score=score, box=box)
        for name, score, box in zip(names, found['scores'].tolist(), found['bboxes'].tolist())
    ]
    text = ', '.join(f'{one["name"]} {one["score"]:.0%}' for one in objects)
    return Findings([view], [text or 'No object above the threshold.'], dict(objects=objects))


def _segments(model: LoadedModel, file: str) -> Findings:
    with _drawing() as drawn:
        (found,) = model.segment(file, draw=drawn)
        view = View('Segments', _read(drawn))
    labels, counts = found['labels'].unique(return_counts=True)
    total = found['labels'].numel()
    names = found['names'] or {}
    shares = {
        (names[label] if names else f'class {label}'): count / total
        for label, count in zip(labels.tolist(), counts.tolist())
    }
    text = ', '.join(f'{name} {share:.0%}' for name, share in shares.items())
    return Findings([view], [text], dict(shares=shares))


@contextmanager
def _drawing() -> Iterator[Path]:
    """A file for a drawing, which is removed afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / 'drawn.png'


def _read(file: Path) -> np.ndarray:
    with Image.open(file) as picture:
        return np.array(picture.convert('RGB'))


def _pixels(image: Tensor) -> np.ndarray:
    return to_uint8(as_rgb(image))


def _colours(patches: Tensor, model: LoadedModel) -> np.ndarray:
    """Features of patches (1, L, C) as colours, at the size of the model's pictures."""
    rows, columns = model.model.backbone.patch_resolution
    colours = principal_colours(patches)[0].reshape(rows, columns, 3)
    height, width = model.model.backbone.img_size
    enlarged = colours.repeat_interleave(height // rows, 0).repeat_interleave(width // columns, 1)
    return to_uint8(enlarged.movedim(-1, 0))
