"""Kill trainings at random moments, resume them, and compare where they end, to the bit.

    python tools/analysis_tools/crash_test.py
    python tools/analysis_tools/crash_test.py --only addp --kills 10 --seed 1
    python tools/analysis_tools/crash_test.py CONFIG --kills 3

Without a config: small trainings of all six kinds, by epoch and by iteration, with 0 and 2 workers,
accumulated gradients and averaged weights. They are killed with signal 9, among other moments
while they write a checkpoint or validate, and resumed by the same command until they end. Weights,
optimizers, averages, schedules and logged losses are then compared with those of trainings that
nothing disturbed. Runs on the CPU. The status is 1 if anything differs.
"""

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))

from mmaddp.run.argument_types import address, path, positive, seed
from mmaddp.run.arguments import ToolParser, add_options_argument
from mmaddp.run.user_errors import user_errors

KINDS = ('tokenizer', 'predictor', 'addp', 'classification', 'detection', 'segmentation')


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(__doc__)
    parser.add_argument(
        'config', nargs='?', type=address, help='training to kill; default: the small ones'
    )
    parser.add_argument('--kills', type=positive, default=24, help='how many, default 24')
    parser.add_argument('--seed', type=seed, default=0, help='of the moments, default 0')
    parser.add_argument(
        '--only', nargs='+', choices=KINDS, default=KINDS, help='kinds of the small trainings'
    )
    parser.add_argument('--threads', type=positive, default=1, help='of PyTorch, default 1')
    parser.add_argument(
        '--work-dir', type=path, help='new folder for the trainings; default: one that is removed'
    )
    add_options_argument(parser)
    args = parser.parse_args()
    if args.config is None and args.cfg_options:
        parser.error('--cfg-options belong to a config')
    return args


def main() -> None:
    """Run the tool."""
    args = parse_args()
    os.environ['CUDA_VISIBLE_DEVICES'] = ''
    with user_errors('crash_test', args.traceback):
        if args.work_dir is not None:
            args.work_dir.mkdir(parents=True)
        folder = args.work_dir or Path(tempfile.mkdtemp(prefix='crash_test_'))
        try:
            equal = kill(args, folder)
        finally:
            if args.work_dir is None:
                shutil.rmtree(folder)
    sys.exit(0 if equal else 1)


def kill(args: argparse.Namespace, folder: Path) -> bool:
    """Print what becomes of each training; return whether all end as undisturbed ones."""
    from mmaddp.run.crash.crash_test import crash_test
    from mmaddp.run.crash.trainings import CrashTraining, toy_trainings
    from mmaddp.run.toys import make_toy_data

    if args.config is None:
        trainings = toy_trainings(make_toy_data(folder / 'data'), args.only)
    else:
        trainings = [CrashTraining(args.config, args.config, args.cfg_options)]
    outcomes = []
    for outcome in crash_test(trainings, args.kills, args.seed, folder, args.threads):
        print(outcome, flush=True)
        outcomes.append(outcome)
    kills = sum(len(outcome.kills) for outcome in outcomes)
    equal = sum(outcome.equal for outcome in outcomes)
    print(f'{kills} kills; {equal} of {len(outcomes)} trainings end bit-equal')
    return equal == len(outcomes)


if __name__ == '__main__':
    main()
