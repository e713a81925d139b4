"""Draw what an ADDP model sees in pre-training and how it generates.

    python tools/analysis_tools/visualize_addp.py CONFIG CHECKPOINT IMAGE... --out DIR

Writes ``reconstructions.png`` (images above, tokenizer's reconstructions below), ``targets.png``
(the images that the encoder sees, one row per mask ratio) and ``steps.png`` (generation, one row
per image, one column per step).
"""

import argparse
from pathlib import Path

from mmengine.config import Config

from mmaddp.apis import build_model, generation_steps, reconstruct, target_images
from mmaddp.apis.image_files import load_images
from mmaddp.run.user_errors import user_errors
from mmaddp.utils.images import image_grid, save_png


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('config')
    parser.add_argument('checkpoint')
    parser.add_argument('images', nargs='+', help='picture files, cropped square and resized')
    parser.add_argument('--out', type=Path, required=True, help='folder of the sheets')
    parser.add_argument('--mask-ratios', type=float, nargs='+', default=[0.5, 0.65, 0.8, 0.95])
    parser.add_argument('--num-generated', type=int, default=6, help='rows of steps.png')
    parser.add_argument('--zoom', type=int, default=1, help='size of a pixel on the sheets')
    return parser.parse_args()


def main() -> None:
    with user_errors('visualize_addp'):
        draw(parse_args())


def draw(args: argparse.Namespace) -> None:
    """Write the three sheets."""
    model = build_model(Config.fromfile(args.config), args.checkpoint)
    images = load_images(args.images, model.backbone.img_size).to(model.neck.mask_token.device)
    targets = target_images(model, images, args.mask_ratios)
    steps = generation_steps(model, range(args.num_generated)).transpose(0, 1)
    for name, sheet, columns in (
        ('reconstructions', [*images, *reconstruct(model, images)], len(images)),
        ('targets', [*images, *targets.flatten(0, 1)], len(images)),
        ('steps', [*steps.flatten(0, 1)], steps.shape[1]),
    ):
        save_png(image_grid(sheet, columns, args.zoom), args.out / f'{name}.png')
    print(f'Wrote reconstructions.png, targets.png and steps.png to {args.out}')


if __name__ == '__main__':
    main()
