"""Train a configuration.

    python tools/train.py CONFIG --work-dir work_dirs/run [--resume] [--cfg-options KEY=VALUE ...]

With --resume in the command from the start, the same command continues after an interruption.
"""

import argparse
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))

from mmaddp.run.argument_types import address, positive, real, seed
from mmaddp.run.arguments import ToolParser, add_common_arguments, config_arguments
from mmaddp.run.user_errors import user_errors

FLAGS = (
    *('resume', 'amp', 'precision', 'no_validate', 'auto_scale_lr', 'total_batch', 'keep_batch'),
    *('seed', 'no_pin_memory', 'no_persistent_workers', 'with_cp', 'ema'),
)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(__doc__)
    parser.add_argument('config', type=address, help='configuration file, or mmaddp::FOLDER/FILE')
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        type=address,
        help='checkpoint to resume from; without a path, the latest in the work folder, or, if '
        'there is none, a first start, from load_from if that is set',
    )
    parser.add_argument('--seed', type=seed, help='seed of the run; default: that of the config')
    precision = parser.add_mutually_exclusive_group()
    precision.add_argument(
        '--precision',
        choices=['auto', 'fp32', 'bf16'],
        help='of forward passes, on GPUs and CPUs; auto: bf16 where device and network gain by it',
    )
    precision.add_argument(
        '--amp',
        nargs='?',
        const='on',
        choices=['on', 'bf16', 'fp16'],
        help='use automatic mixed precision, of the kind that is given or configured',
    )
    parser.add_argument(
        '--with-cp',
        action='store_true',
        help='activation checkpointing: recompute the blocks of the network in the backward pass; '
        'less memory, more time, the same result',
    )
    parser.add_argument(
        '--ema',
        nargs='?',
        const=0.0002,
        type=real(1e-8, 0.5),
        metavar='MOMENTUM',
        help='keep a moving average of the weights, which is what is validated and tested; '
        'default MOMENTUM 0.0002',
    )
    parser.add_argument('--no-validate', action='store_true', help='skip validation')
    batch = parser.add_mutually_exclusive_group()
    batch.add_argument(
        '--auto-scale-lr',
        action='store_true',
        help='scale the learning rate from the base batch size to the actual one',
    )
    batch.add_argument(
        '--total-batch',
        type=positive,
        metavar='N',
        help='images per update: each process takes its part in as many passes as it needs; '
        'the learning rate, and in trainings by iteration also length, warm-up, milestones and '
        'intervals, are adapted',
    )
    batch.add_argument(
        '--keep-batch',
        action='store_true',
        help='with --resume, take the images per update of the checkpoint, on any number of '
        'processes that divides them; without it, other numbers are refused',
    )
    parser.add_argument('--no-pin-memory', action='store_true', help='do not pin memory')
    parser.add_argument(
        '--no-persistent-workers', action='store_true', help='restart workers at each epoch'
    )
    parser.add_argument(
        '--dry-run',
        action='store_true',
        help='build everything, run two steps, report size, memory and time; absent data and '
        'weights are replaced by random ones',
    )
    add_common_arguments(parser)
    return parser.parse_args()


def main() -> None:
    """Run the tool."""
    args = parse_args()
    with user_errors('train', args.traceback, lambda: _interrupted(args)):
        from mmengine.dist import is_main_process

        from mmaddp.run.dry_run import dry_run
        from mmaddp.run.training import TrainFlags, train, training_config

        flags = TrainFlags(**{name: getattr(args, name) for name in FLAGS})
        cfg, notes = training_config(flags, **config_arguments(args))
        if not args.dry_run:
            train(cfg, notes)
            return
        report = dry_run(cfg)
        if is_main_process():
            print('\n'.join([str(report), *notes]))


def _interrupted(args: argparse.Namespace) -> str:
    from mmaddp.run.training import how_to_go_on

    return '' if args.dry_run else how_to_go_on(args.work_dir, args.config)


if __name__ == '__main__':
    main()
