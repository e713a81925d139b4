r"""Draw label maps under small pictures on one sheet.

    python tools/quickstart/draw_segmentation.py CONFIG IMAGE... --labels DIR --weights FILE... \
        --out work_dirs/label_maps.png

One column per picture: the picture, its label map, then the segmentor's output with each of the
weights. Colours are those of the configuration's data set.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.append(str(Path(__file__).resolve().parents[2]))

from mmaddp.run.argument_types import address, path, positive
from mmaddp.run.arguments import ToolParser
from mmaddp.run.user_errors import user_errors


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(__doc__)
    parser.add_argument('config', type=address, help='configuration of the segmentor')
    parser.add_argument('images', nargs='+', type=path, help='pictures of equal size')
    parser.add_argument('--labels', type=path, required=True, help='folder of their label maps')
    parser.add_argument('--weights', nargs='+', type=address, required=True, help='checkpoints')
    parser.add_argument('--out', type=path, required=True, help='PNG file to write')
    parser.add_argument('--zoom', type=positive, default=1, help='enlargement, default 1')
    return parser.parse_args()


def read_labels(file: Path, reduce_zero_label: bool) -> np.ndarray:
    """Read a label map as classes; -1 where the pixel is ignored."""
    labels = np.asarray(Image.open(file)).astype(np.int64)
    return labels - 1 if reduce_zero_label else np.where(labels != 255, labels, -1)


def paint(labels: np.ndarray, palette: list) -> np.ndarray:
    """Colour classes (H, W); -1 is white. Returns RGB, uint8, (H, W, 3)."""
    return np.array([*palette, [255, 255, 255]], np.uint8)[labels]


def draw(args: argparse.Namespace) -> None:
    """Write the sheet."""
    import torch
    from mmengine.config import Config
    from mmengine.registry import DATASETS, init_default_scope

    from mmaddp.apis import segment
    from mmaddp.utils.images import image_grid, save_png

    config = Config.fromfile(args.config)
    init_default_scope(config.default_scope)
    settings = {**config.test_dataloader.dataset, 'lazy_init': True, 'pipeline': []}
    dataset = DATASETS.build(settings)
    palette = dataset.metainfo['palette']
    tiles = [np.array(Image.open(file).convert('RGB')) for file in args.images]
    for file in args.images:
        labels = read_labels(args.labels / f'{file.stem}.png', dataset.reduce_zero_label)
        tiles.append(paint(labels, palette))
    for weights in args.weights:
        found = segment(args.images, config, weights)
        tiles += [paint(np.asarray(result['labels']), palette) for result in found]
    tiles = [torch.from_numpy(tile).movedim(-1, 0) / 255 for tile in tiles]
    save_png(image_grid(tiles, len(args.images), args.zoom), args.out)
    print(f'Wrote {args.out}')


def main() -> None:
    """Run the tool."""
    args = parse_args()
    with user_errors('draw_segmentation', args.traceback):
        draw(args)


if __name__ == '__main__':
    main()
