"""Generate images with an ADDP checkpoint; no data set is needed.

    python tools/generate.py CONFIG CHECKPOINT --num-images 64 --out work_dirs/samples --seed 0

Writes ``images/NNNNNN.png``, ``grid.png`` and ``manifest.json``. Image i depends on (seed, i)
alone. The same command continues a run that was stopped. ``CONFIG`` is one of
``configs/generation/`` or that of a pre-training: its test loop generates, and ``tools/test.py``
runs the same loop. ``tools/edit.py`` makes new pictures from real ones.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[1]))

from mmaddp.run.argument_types import (
    address,
    image_numbers,
    not_negative,
    num_images,
    path,
    positive,
    seed,
)
from mmaddp.run.arguments import ToolParser, add_common_arguments, config_arguments
from mmaddp.run.sampler_arguments import PRECISIONS, add_sampler_arguments, sampler_settings
from mmaddp.run.user_errors import user_errors


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(__doc__)
    parser.add_argument('config', type=address, help='config whose test loop generates')
    parser.add_argument(
        'checkpoint', type=address, help='checkpoint of its model, a file or mmaddp://NAME'
    )
    parser.add_argument('--out', type=path, required=True, help='folder for the images')
    parser.add_argument('--seed', type=seed, default=0, help='seed of the whole set; default 0')
    which = parser.add_mutually_exclusive_group()
    which.add_argument('--num-images', type=num_images, help='images 0, 1, ...; default 64')
    which.add_argument(
        '--indices', type=image_numbers, nargs='+', help='image numbers, as in 3 17 40-60'
    )
    which.add_argument('--seed-range', type=image_numbers, help='image numbers, as in 100-163')
    parser.add_argument(
        '--batch-size', type=positive, help='images per block; default 64, or all if fewer'
    )
    parser.add_argument('--precision', choices=PRECISIONS, help='of the network; default fp32')
    parser.add_argument('--grid', type=not_negative, help='images on grid.png; 0 for none')
    parser.add_argument(
        '--trajectory',
        type=not_negative,
        help='number of images whose steps are drawn, as a strip and an animation',
    )
    parser.add_argument('--zoom', type=positive, help='pixels of the sheets per pixel of an image')
    add_sampler_arguments(parser)
    add_common_arguments(parser)
    return parser.parse_args()


def wanted_images(args: argparse.Namespace) -> dict[str, Any]:
    """Arguments of the data set that say which images are made."""
    if args.indices is not None:
        return dict(indices=[index for part in args.indices for index in part])
    if args.seed_range is not None:
        return dict(num_images=len(args.seed_range), first_index=args.seed_range.start)
    return dict(num_images=64 if args.num_images is None else args.num_images)


def main() -> None:
    """Run the tool."""
    args = parse_args()
    with user_errors('generate', args.traceback, lambda: 'The same command continues.'):
        from mmengine.dist import is_main_process

        from mmaddp.run.generating import generate_images, generation_config

        loop = dict(
            precision=args.precision,
            grid_size=args.grid,
            grid_zoom=args.zoom,
            num_trajectories=args.trajectory,
        )
        dataset = dict(wanted_images(args), seed=args.seed)
        settings = (args.checkpoint, args.out, dataset, sampler_settings(args), loop)
        cfg = generation_config(*settings, args.batch_size, **config_arguments(args))
        generate_images(cfg)
        if is_main_process():
            print(f'Wrote the images and grid.png to {args.out}')


if __name__ == '__main__':
    main()
