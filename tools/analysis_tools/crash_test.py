"""Kill trainings at random moments, resume them, and compare where they end, to the bit.

    python tools/analysis_tools/crash_test.py
    python tools/analysis_tools/crash_test.py --only addp --kills 10 --seed 1
    python tools/analysis_tools/crash_test.py CONFIG --kills 3

Without a config: small trainings of all six kinds, by epoch and by iteration, with 0 and 2 workers,
accumulated gradients and averaged weights. They are killed with signal 9, among other moments
while they write a checkpoint or validate, and resumed by the same command until they end. Weights,
optimizers, averages, schedules and logged losses are then compared with those of trainings that
nothing disturbed. Runs on the CPU. The status is 1 if anything differs.

    python tools/analysis_tools/crash_test.py --only pretrain finetune --kills 16

kills these commands, which have several stages, in each of them: six and two. All that they leave
behind is compared: pictures, weights, tokens, samples, figures and reports.
"""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.append(str(Path(__file__).resolve().parents[2]))

from mmaddp.run.argument_types import address, path, positive, seed
from mmaddp.run.arguments import ToolParser, add_options_argument
from mmaddp.run.user_errors import user_errors

if TYPE_CHECKING:
    from mmaddp.run.crash.crash_test import Outcome

KINDS = ('tokenizer', 'predictor', 'addp', 'classification', 'detection', 'segmentation')
COMMANDS = ('pretrain', 'finetune')


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(__doc__)
    parser.add_argument(
        'config', nargs='?', type=address, help='training to kill; default: the small ones'
    )
    parser.add_argument('--kills', type=positive, default=24, help='how many, default 24')
    parser.add_argument('--seed', type=seed, default=0, help='of the moments, default 0')
    parser.add_argument(
        '--only',
        nargs='+',
        choices=(*KINDS, *COMMANDS),
        default=KINDS,
        help='kinds of the small trainings, or commands; default: all trainings',
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
    done = []
    for outcome in outcomes(args, folder):
        print(outcome, flush=True)
        done.append(outcome)
    kills = sum(len(outcome.kills) for outcome in done)
    equal = sum(outcome.equal for outcome in done)
    print(f'{kills} kills; {equal} of {len(done)} end bit-equal')
    return equal == len(done)


def outcomes(args: argparse.Namespace, folder: Path) -> Iterator['Outcome']:
    """Kill one training after another, then one command after another."""
    from mmaddp.run.crash.chains import ChainRun, kill_chain, plan_chain
    from mmaddp.run.crash.commands import command_words
    from mmaddp.run.crash.crash_test import crash_test
    from mmaddp.run.crash.trainings import CrashTraining, toy_trainings
    from mmaddp.run.toys import make_toy_data

    if args.config is not None:
        trainings = [CrashTraining(args.config, args.config, args.cfg_options)]
        yield from crash_test(trainings, args.kills, args.seed, folder, args.threads)
        return
    data = make_toy_data(folder / 'data')
    kinds = [name for name in args.only if name in KINDS]
    if kinds:
        own = args.kills * len(kinds) // len(args.only)
        trainings = toy_trainings(data, kinds)
        yield from crash_test(trainings, own, args.seed, folder, args.threads)
    os.environ['OMP_NUM_THREADS'] = str(args.threads)
    for name in COMMANDS:
        if name in args.only:
            run = ChainRun(command_words(name, data, folder / name))
            plan_chain(run)
            yield kill_chain(name, run, args.kills // len(args.only), args.seed)


if __name__ == '__main__':
    main()
