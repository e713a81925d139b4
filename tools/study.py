"""What ADDP is worth: ADDP, MAGE, MAE and no pre-training with one encoder, on 60,000 pictures.

    python tools/study.py --seeds 0 --arms mage addp untrained

Makes the base once (pictures of Fashion-MNIST, tokenizer, token cache, judge), and each arm for
each seed: pre-training, probes of frozen features by block, fine-tuning, samples. What is finished
is left as it is: the same command goes on where it was stopped, and once the base is there several
processes may run different arms side by side. The figures go to results.json.
"""

import argparse
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().with_suffix('')))

from mmaddp.run.argument_types import path, seed
from mmaddp.run.arguments import ToolParser
from mmaddp.run.user_errors import user_errors

MAKER = 'study'
ARMS = ('mage', 'addp', 'mae', 'mae_long', 'untrained')
DEBIAN = Path('/usr/share/datasets/fashion-mnist')


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(__doc__)
    parser.add_argument('--seeds', type=seed, nargs='+', default=[0, 1, 2], help='default 0 1 2')
    parser.add_argument(
        '--arms', nargs='+', choices=ARMS, default=ARMS, help='default: all; the others need mage'
    )
    parser.add_argument(
        '--fashion',
        type=path,
        default=DEBIAN,
        help="folder of Fashion-MNIST's four files; default that of Debian's package "
        'dataset-fashion-mnist',
    )
    parser.add_argument('--smoke', action='store_true', help='a few iterations of everything')
    parser.add_argument(
        '--work-dir', type=path, help='new, empty or of an earlier run; default work_dirs/study'
    )
    return parser.parse_args()


def main() -> None:
    """Run the tool."""
    args = parse_args()
    with user_errors('study', args.traceback, lambda: 'The same command goes on from here.'):
        run(args)


def run(args: argparse.Namespace) -> None:
    """Run what is missing, and gather the figures."""
    from arms import Arm, stages_of
    from base import STAGES, Base
    from results import gather

    from mmaddp.utils.durations import duration
    from mmaddp.utils.own_folders import claim_folder, hold_folder

    started = time.monotonic()
    name = 'study-smoke' if args.smoke else 'study'
    default = Path(__file__).resolve().parents[1] / 'work_dirs' / name
    work_dir = (args.work_dir or default).resolve()
    claim_folder(work_dir, MAKER)
    base = Base(work_dir / 'base', args.fashion, args.smoke)
    if not all(base.result(stage.name) for stage in STAGES):
        with hold_folder(base.out, MAKER):
            base.complete(STAGES)
    for number in dict.fromkeys(args.seeds):
        for name in sorted(set(args.arms), key=ARMS.index):
            arm = Arm(work_dir / f'seed{number}' / name, args.fashion, args.smoke, base, number)
            with hold_folder(arm.out, MAKER):
                print(f'Seed {number}, {name}: {arm.out}')
                arm.complete(stages_of(name))
    print(gather(work_dir))
    print(f'This run took {duration(time.monotonic() - started)}.')


if __name__ == '__main__':
    main()
