"""Generate images with a pre-trained ADDP checkpoint; no data set is needed.

    python tools/generate.py CONFIG CHECKPOINT --num-images 64 --out work_dirs/samples --seed 0

Writes ``images/NNNNNN.png`` and ``grid.png``. Image i depends on (seed, i) alone, not on the batch
size. ``CONFIG`` is the configuration of the pre-training: its test loop generates.
"""

import argparse
from pathlib import Path

from mmengine.config import Config
from mmengine.dist import is_main_process
from mmengine.runner import Runner

import mmaddp  # noqa: F401, before any host: it mends what they miss
from mmaddp.engine.run_config import add_common_arguments, read_config
from mmaddp.utils.user_errors import user_errors

TRAINING_KEYS = (
    *('train_dataloader', 'train_cfg', 'optim_wrapper', 'param_scheduler', 'auto_scale_lr'),
    *('val_dataloader', 'val_cfg', 'val_evaluator', 'custom_hooks'),
)


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('config', help='config of an ADDP pre-training')
    parser.add_argument('checkpoint', help='checkpoint of that pre-training')
    parser.add_argument('--num-images', type=int, default=64)
    parser.add_argument('--out', type=Path, required=True, help='folder of the images')
    parser.add_argument('--seed', type=int, default=0, help='seed of the whole set')
    parser.add_argument('--batch-size', type=int, default=64, help='images at once, per process')
    sampler = parser.add_argument_group('generation process; defaults are those of the config')
    sampler.add_argument('--steps', type=int, dest='num_steps')
    sampler.add_argument('--schedule', help='cosine or linear')
    sampler.add_argument('--choice-temperature', type=float)
    sampler.add_argument(
        '--static-temperature',
        dest='dynamic_temperature',
        action='store_false',
        default=None,
        help='keep the choice temperature constant instead of lowering it to zero',
    )
    sampler.add_argument('--top-p', type=float, help='nucleus to draw from, in (0, 1]')
    add_common_arguments(parser)
    return parser.parse_args()


def generation_config(args: argparse.Namespace) -> Config:
    """Reduce the config of a pre-training to its test loop, with the command line's settings."""
    args.work_dir = args.work_dir or str(args.out / 'log')
    cfg = read_config(args)
    if cfg.get('test_dataloader') is None or 'sampler' not in cfg.model:
        raise ValueError(
            f'{args.config} has no generation in its test loop: inherit '
            'mmaddp::_base_/generation/images_from_seeds.py and give the model a sampler.'
        )
    if any((args.out / 'images').glob('*.png')):
        raise ValueError(f'{args.out} already holds images: choose another --out or remove them.')
    for key in TRAINING_KEYS:
        cfg.pop(key, None)
    names = ('num_steps', 'schedule', 'choice_temperature', 'dynamic_temperature', 'top_p')
    given = {name: getattr(args, name) for name in names}
    cfg.model.sampler.update({name: value for name, value in given.items() if value is not None})
    cfg.test_dataloader.batch_size = args.batch_size
    cfg.test_dataloader.dataset.update(num_images=args.num_images, seed=args.seed)
    cfg.test_evaluator.out_dir = str(args.out)
    cfg.load_from, cfg.resume = args.checkpoint, False
    return cfg


def main() -> None:
    args = parse_args()
    with user_errors('generate'):
        Runner.from_cfg(generation_config(args)).test()
    if is_main_process():
        print(f'Wrote {args.num_images} images and grid.png to {args.out}')


if __name__ == '__main__':
    main()
