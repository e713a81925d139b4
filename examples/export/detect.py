"""Detect objects with an exported Faster or Mask R-CNN; no PyTorch, no mmaddp.

    pip install numpy pillow onnxruntime
    python examples/export/detect.py work_dirs/exported PICTURE ...

The folder holds ``pyramid``, ``boxes`` and, for masks, ``masks`` of one kind. Prints class, score
and box of what was found.
"""

import argparse
from pathlib import Path

import numpy as np
from boxes import cut_out, decode, select, select_per_class
from exported import Exported
from generate import softmax
from pictures import prepare, read_picture, resized


def main() -> None:
    """Run the example."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('folder', type=Path)
    parser.add_argument('pictures', nargs='+', type=Path)
    parser.add_argument('--ending', default='.onnx', choices=('.onnx', '.xml', '.pt2'))
    parser.add_argument('--least-score', type=float, default=0.3)
    args = parser.parse_args()
    networks = open_networks(args.folder, args.ending)
    for file in args.pictures:
        found = detect(networks, file)
        print(f'{file}:')
        for box, score, label in zip(found['bboxes'], found['scores'], found['labels']):
            if score >= args.least_score:
                name = found['classes'][label] if found['classes'] else label
                print(f'  {name} {score:.3f} at {box.round(1).tolist()}')


def open_networks(folder: Path, ending: str) -> dict[str, Exported]:
    """The networks of a detector by name."""
    files = {name: folder / (name + ending) for name in ('pyramid', 'boxes', 'masks')}
    return {name: Exported(file) for name, file in files.items() if file.exists()}


def detect(networks: dict[str, Exported], file: str | Path) -> dict:
    """Find objects in a picture.

    Returns:
        dict: ``bboxes`` (N, 4), x1, y1, x2, y2 in pixels of the picture; ``scores`` (N,), falling;
        ``labels`` (N,); ``masks`` bool, (N, H, W), where there is such a network; ``classes``.
    """
    metadata = networks['pyramid'].metadata
    how = metadata['detector']
    pixels = read_picture(file, metadata['input']['orientation'])
    images = prepare(pixels, metadata['input'])
    size = resized(pixels, metadata['input']['steps']).shape[:2]
    maps = networks['pyramid'](images=images)
    regions = propose(maps, how, size)
    found = dict(classes=metadata['classes'], bboxes=np.zeros((0, 4)))
    found |= dict(scores=np.zeros(0), labels=np.zeros(0, int))
    if len(regions):
        said = networks['boxes'](regions=cut_out(maps, regions, how['boxes']))
        scores = softmax(said['logits'])[:, :-1]
        deltas = said['deltas'].reshape(len(regions), -1, 4)
        boxes = decode(regions[:, None], deltas, how['boxes'], size)
        found |= select_per_class(boxes, scores, how['boxes'])
    if 'masks' in networks:
        logits = np.zeros((0, 1, 2, 2))
        if len(found['bboxes']):
            cut = cut_out(maps, found['bboxes'], how['masks'])
            logits = networks['masks'](regions=cut)['mask_logits']
    scale = np.array([pixels.shape[1] / size[1], pixels.shape[0] / size[0]] * 2)
    found['bboxes'] = found['bboxes'] * scale
    if 'masks' in networks:
        found['masks'] = paste(logits, found, pixels.shape[:2], how['masks']['threshold'])
    return found


def propose(maps: dict, how: dict, size: tuple[int, int]) -> np.ndarray:
    """Regions (N, 4) that may hold an object."""
    settings = how['proposals']
    kept, kept_scores = [], []
    for level, (anchors, stride) in enumerate(zip(how['anchors'], how['strides'])):
        scores = maps[f'objectness_{level}'][0]
        height, width = scores.shape[1:]
        x, y = np.meshgrid(np.arange(width) * stride[0], np.arange(height) * stride[1])
        shift = np.stack((x, y, x, y), axis=-1)[:, :, None]
        priors = (shift + np.array(anchors)).reshape(-1, 4)
        scores = 1 / (1 + np.exp(-scores.transpose(1, 2, 0).ravel()))
        deltas = maps[f'anchor_deltas_{level}'][0].transpose(1, 2, 0).reshape(-1, 4)
        best = np.argsort(-scores, kind='stable')[: settings['before']]
        boxes = decode(priors[best], deltas[best], settings, size)
        inside = (boxes[:, 2:] > boxes[:, :2]).all(axis=1)
        boxes, scores = boxes[inside], scores[best][inside]
        chosen = select(boxes, scores, settings['overlap'])
        kept.append(boxes[chosen])
        kept_scores.append(scores[chosen])
    order = np.argsort(-np.concatenate(kept_scores), kind='stable')[: settings['most']]
    return np.concatenate(kept)[order]


def paste(logits: np.ndarray, found: dict, size: tuple[int, int], threshold: float) -> np.ndarray:
    """Masks of the size of the picture, bool, (N, H, W)."""
    masks = np.zeros((len(logits), *size), bool)
    for mask, logit, label, box in zip(masks, logits, found['labels'], found['bboxes']):
        one = logit[label if len(logit) > 1 else 0]
        share = np.pad(1 / (1 + np.exp(-one)), 1)
        # Centres of pixels, in cells of the mask with a rim of zeros.
        y, x = (
            (np.arange(side) + 0.5 - low) / (high - low) * cells + 0.5
            for side, low, high, cells in zip(size, box[[1, 0]], box[[3, 2]], one.shape)
        )
        rows, columns = (
            np.flatnonzero((place >= 0) & (place <= cells + 1))
            for place, cells in zip((y, x), one.shape)
        )
        values = at(at(share, y[rows], 0), x[columns], 1)
        mask[np.ix_(rows, columns)] = values >= threshold
    return masks


def at(values: np.ndarray, places: np.ndarray, axis: int) -> np.ndarray:
    """Values between the places of an axis."""
    before = np.minimum(np.floor(places).astype(int), values.shape[axis] - 2)
    share = (places - before).reshape([-1, 1] if axis == 0 else [1, -1])
    low, high = values.take(before, axis), values.take(before + 1, axis)
    return low + (high - low) * share


if __name__ == '__main__':
    main()
