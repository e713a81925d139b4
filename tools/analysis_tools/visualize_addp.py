"""Draw what an ADDP model sees in pre-training and how it generates.

    python tools/analysis_tools/visualize_addp.py CONFIG CHECKPOINT IMAGE... --out DIR

Writes ``reconstructions.png`` (images above, tokenizer's reconstructions below), ``targets.png``
(the images that the encoder sees, one row per mask ratio) and ``steps.png`` (generation, one row
per image, one column per step).
"""

import argparse
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))

from mmaddp.run.argument_types import address, path, positive, share
from mmaddp.run.arguments import ToolParser, add_options_argument
from mmaddp.run.user_errors import user_errors


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(__doc__)
    parser.add_argument('config', type=address, help='config of a pre-training')
    parser.add_argument(
        'checkpoint', type=address, help='checkpoint of its model, a file or mmaddp://NAME'
    )
    parser.add_argument(
        'images', nargs='+', type=address, help='picture files, cropped square and resized'
    )
    parser.add_argument('--out', type=path, required=True, help='folder for the sheets')
    parser.add_argument(
        '--mask-ratios',
        type=share,
        nargs='+',
        default=[0.5, 0.65, 0.8, 0.95],
        help='shares of masked tokens, one row of targets.png each; default 0.5 0.65 0.8 0.95',
    )
    parser.add_argument(
        '--num-generated', type=positive, default=6, help='rows of steps.png; default 6'
    )
    parser.add_argument(
        '--zoom', type=positive, default=1, help='size of a pixel on the sheets; default 1'
    )
    add_options_argument(parser)
    return parser.parse_args()


def main() -> None:
    """Run the tool."""
    args = parse_args()
    with user_errors('visualize_addp', args.traceback):
        draw(args)


def draw(args: argparse.Namespace) -> None:
    """Write the three sheets."""
    from mmaddp.apis import build_model, generation_steps, reconstruct, target_images
    from mmaddp.apis.image_files import load_images, picture_reader
    from mmaddp.run.config import read_config
    from mmaddp.utils.images import image_grid, save_png

    model = build_model(read_config(args.config, args.cfg_options), args.checkpoint)
    images = load_images(args.images, model.backbone.img_size, picture_reader(model))
    images = images.to(model.neck.mask_token.device)
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
