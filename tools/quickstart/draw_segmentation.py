r"""Draw label maps under small pictures on one sheet.

    python tools/quickstart/draw_segmentation.py CONFIG IMAGE... --labels DIR --weights FILE... \
        --out work_dirs/label_maps.png

One column per picture: the picture, its label map, then what the segmentor says with each of the
weights. Colours are those of the configuration's data set.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import DATASETS, init_default_scope
from PIL import Image

import mmaddp  # noqa: F401, before any host: it mends what they miss
from mmaddp.apis import segment
from mmaddp.run.arguments import ToolParser
from mmaddp.run.user_errors import user_errors
from mmaddp.utils.images import image_grid, save_png


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(__doc__)
    parser.add_argument('config', help='configuration of the segmentor')
    parser.add_argument('images', nargs='+', type=Path, help='pictures of equal size')
    parser.add_argument('--labels', type=Path, required=True, help='folder of their label maps')
    parser.add_argument('--weights', nargs='+', required=True, help='checkpoints')
    parser.add_argument('--out', type=Path, required=True, help='PNG file to write')
    parser.add_argument('--zoom', type=int, default=1, help='enlargement, default 1')
    return parser.parse_args()


def read_labels(path: Path, reduce_zero_label: bool) -> torch.Tensor:
    """Read a label map as classes; -1 where the pixel is ignored."""
    labels = torch.from_numpy(np.asarray(Image.open(path)).astype(np.int64))
    return labels - 1 if reduce_zero_label else labels.where(labels != 255, -1)


def paint(labels: torch.Tensor, palette: list) -> torch.Tensor:
    """Colour classes (H, W); -1 is white. Returns RGB in [0, 1], (3, H, W)."""
    colours = torch.tensor([*palette, [255, 255, 255]]) / 255
    return colours[labels].permute(2, 0, 1)


def draw(args: argparse.Namespace) -> None:
    """Write the sheet."""
    config = Config.fromfile(args.config)
    init_default_scope(config.default_scope)
    settings = {**config.test_dataloader.dataset, 'lazy_init': True, 'pipeline': []}
    dataset = DATASETS.build(settings)
    palette = dataset.metainfo['palette']
    rows = [
        torch.from_numpy(np.array(Image.open(path).convert('RGB'))).permute(2, 0, 1) / 255
        for path in args.images
    ]
    for path in args.images:
        labels = read_labels(args.labels / f'{path.stem}.png', dataset.reduce_zero_label)
        rows.append(paint(labels, palette))
    for weights in args.weights:
        found = segment(args.images, config, weights)
        rows += [paint(result['labels'], palette) for result in found]
    save_png(image_grid(rows, len(args.images), args.zoom), args.out)
    print(f'Wrote {args.out}')


def main() -> None:
    """Run the tool."""
    args = parse_args()
    with user_errors('draw_segmentation', args.traceback):
        draw(args)


if __name__ == '__main__':
    main()
