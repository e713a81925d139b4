"""Generate images with an ADDP checkpoint; no data set is needed.

    python tools/generate.py CONFIG CHECKPOINT --num-images 64 --out work_dirs/samples --seed 0

Writes ``images/NNNNNN.png``, ``grid.png`` and ``manifest.json``. Image i depends on (seed, i)
alone. The same command continues a run that was stopped. ``CONFIG`` is one of
``configs/generation/`` or that of a pre-training: its test loop generates, and ``tools/test.py``
runs the same loop.

With ``--edit FILE...`` new pictures are made from real ones instead:

    python tools/generate.py CONFIG CHECKPOINT --edit photo.png --mask mask.png --out work_dirs/new

Writes ``photo_0.png``, ``photo_1.png``, ... and ``sheet.png``; ``--seed`` is that of the first.
"""

import argparse
from pathlib import Path

from mmengine.config import Config
from mmengine.dist import is_main_process
from mmengine.runner import Runner

import mmaddp  # noqa: F401, before any host: it mends what they miss
from mmaddp.apis.edit_files import EditSettings, edit_files
from mmaddp.engine.generation.precision import PRECISIONS, inference_precision
from mmaddp.run.arguments import add_common_arguments, config_arguments
from mmaddp.run.config import read_config
from mmaddp.run.user_errors import user_errors
from mmaddp.utils.config_types import type_name
from mmaddp.weights.model import build_model

TRAINING_KEYS = (
    *('train_dataloader', 'train_cfg', 'optim_wrapper', 'param_scheduler', 'auto_scale_lr'),
    *('val_dataloader', 'val_cfg', 'val_evaluator', 'custom_hooks'),
)
SAMPLER_ARGUMENTS = (
    *('num_steps', 'schedule', 'choice_temperature', 'dynamic_temperature', 'top_p', 'top_k'),
)
EDIT_ARGUMENTS = ('mask_ratio', 'mask', 'outpaint', 'strengths', 'dilation', 'official_start')
BLOCK = 64


def image_numbers(text: str) -> range:
    """Read '7' or '100-163', both ends included."""
    first, _, last = text.partition('-')
    return range(int(first), int(last or first) + 1)


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', help='config whose test loop generates')
    parser.add_argument('checkpoint', help='checkpoint of its model')
    parser.add_argument('--out', type=Path, required=True, help='folder of the images')
    parser.add_argument('--seed', type=int, default=0, help='seed of the whole set')
    which = parser.add_mutually_exclusive_group()
    which.add_argument('--num-images', type=int, help='images 0, 1, ...; default 64')
    which.add_argument(
        '--indices', type=image_numbers, nargs='+', help='image numbers, as in 3 17 40-60'
    )
    which.add_argument('--seed-range', type=image_numbers, help='image numbers, as in 100-163')
    parser.add_argument(
        '--batch-size', type=int, help=f'images of a block; default {BLOCK}, or all if fewer'
    )
    parser.add_argument('--precision', choices=list(PRECISIONS))
    parser.add_argument('--grid', type=int, help='images on grid.png; 0 for none')
    parser.add_argument(
        '--trajectory', type=int, help='images whose steps are drawn, as a strip and an animation'
    )
    parser.add_argument('--zoom', type=int, help='pixels of the sheets per pixel of an image')
    add_sampler_arguments(parser)
    add_editing_arguments(parser)
    add_common_arguments(parser)
    return parser.parse_args()


def add_sampler_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group('generation process; defaults are those of the config')
    group.add_argument('--steps', type=int, dest='num_steps')
    group.add_argument(
        '--schedule', help="cosine, linear, square, or a function 'package.module:function'"
    )
    group.add_argument('--choice-temperature', type=float)
    group.add_argument(
        '--static-temperature',
        dest='dynamic_temperature',
        action='store_false',
        default=None,
        help='keep the choice temperature constant instead of lowering it to zero',
    )
    group.add_argument('--top-p', type=float, help='nucleus to draw from, in (0, 1]')
    group.add_argument('--top-k', type=int, help='number of codes to draw from')


def add_editing_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group('new pictures from real ones, with one of the four first')
    group.add_argument('--edit', nargs='+', metavar='FILE', help='picture files')
    group.add_argument('--mask-ratio', type=float, help='random tokens to hide and find again')
    group.add_argument('--mask', metavar='FILE', help='mask of pixels to redraw: all but black')
    group.add_argument(
        '--outpaint',
        type=int,
        nargs=4,
        metavar=('TOP', 'RIGHT', 'BOTTOM', 'LEFT'),
        help='pixels to invent around the picture, which shrinks accordingly',
    )
    group.add_argument('--strengths', type=float, nargs='+', help='variations, from 0 to 1')
    group.add_argument('--dilation', type=int, default=0, help='pixels to widen the mask by')
    group.add_argument('--versions', type=int, default=4, help='of each picture; default 4')
    group.add_argument(
        '--official-start',
        action='store_true',
        help='as the official code: the first step sees the intact picture',
    )


def wanted_images(args: argparse.Namespace) -> dict:
    """Arguments of the data set that say which images are made."""
    if args.indices is not None:
        return dict(indices=[index for part in args.indices for index in part])
    if args.seed_range is not None:
        return dict(num_images=len(args.seed_range), first_index=args.seed_range.start)
    return dict(num_images=64 if args.num_images is None else args.num_images)


def set_sampler(cfg: Config, args: argparse.Namespace) -> None:
    given = {name: getattr(args, name) for name in SAMPLER_ARGUMENTS}
    given = {name: value for name, value in given.items() if value is not None}
    if given:
        cfg.model.setdefault('sampler', dict(type='mmaddp.AlternatingSampler')).update(given)


def generation_config(args: argparse.Namespace) -> Config:
    """Reduce a config to its test loop, with the command line's settings."""
    given = [f'--{name.replace("_", "-")}' for name in EDIT_ARGUMENTS if getattr(args, name)]
    if given:
        raise ValueError(f'{", ".join(given)} need real pictures: name them with --edit FILE...')
    args.work_dir = args.work_dir or str(args.out / 'log')
    cfg = read_config(**config_arguments(args))
    if type_name(cfg.get('test_cfg')) != 'GenerationLoop':
        raise ValueError(
            f'{args.config} has no generation in its test loop: inherit '
            'mmaddp::_base_/generation/images_from_seeds.py and give the model a sampler.'
        )
    for key in TRAINING_KEYS:
        cfg.pop(key, None)
    set_sampler(cfg, args)
    wanted = wanted_images(args)
    number = len(wanted.get('indices', ())) or wanted['num_images']
    dataset = dict(type=cfg.test_dataloader.dataset.type, seed=args.seed, **wanted)
    if args.batch_size is not None and args.batch_size < 1:
        raise ValueError(f'--batch-size must be at least 1, got {args.batch_size}.')
    cfg.test_dataloader.batch_size = args.batch_size or max(1, min(BLOCK, number))
    cfg.test_dataloader.dataset = dataset
    loop = dict(
        out_dir=str(args.out),
        precision=args.precision,
        grid_size=args.grid,
        grid_zoom=args.zoom,
        num_trajectories=args.trajectory,
    )
    cfg.test_cfg.update({name: value for name, value in loop.items() if value is not None})
    cfg.load_from, cfg.resume = args.checkpoint, False
    return cfg


def edit(args: argparse.Namespace) -> None:
    """Edit picture files."""
    settings = EditSettings(**{name: getattr(args, name) for name in EDIT_ARGUMENTS})
    if args.versions < 1:
        raise ValueError(f'--versions must be at least 1, got {args.versions}.')
    cfg = read_config(**config_arguments(args))
    set_sampler(cfg, args)
    model = build_model(cfg, args.checkpoint)
    seeds = range(args.seed, args.seed + args.versions)
    with inference_precision(args.precision or 'fp32', model.neck.mask_token.device.type):
        written = edit_files(model, args.edit, args.out, seeds, settings, args.zoom or 1)
    print(f'Wrote {len(written)} files to {args.out}')


def main() -> None:
    args = parse_args()
    with user_errors('generate'):
        if args.edit:
            edit(args)
            return
        Runner.from_cfg(generation_config(args)).test()
    if is_main_process():
        print(f'Wrote the images and grid.png to {args.out}')


if __name__ == '__main__':
    main()
