"""Run the whole chain on small real images, from nothing to generated pictures and a report.

    bash tools/quickstart.sh [--smoke] [--seeds N ...] [--from STAGE | --only STAGE]

Stages: data, tokenizer, tokens, predictor, addp and report are those of ``mmaddp pretrain``, with
fixed settings; then follow judge, scores, classification, detection and segmentation. A stage whose
result exists is left as it is. Everything lies in ``work_dirs/quickstart``; ``report.html`` there
shows the outcome. Where a figure misses its limit, the exit status is 1.
"""

import argparse
import shlex
import signal
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))

from mmaddp.run.argument_types import path, seed
from mmaddp.run.arguments import ToolParser
from mmaddp.run.user_errors import user_errors

NAMES = (
    *('data', 'tokenizer', 'tokens', 'predictor', 'addp', 'report'),
    *('judge', 'scores', 'classification', 'detection', 'segmentation'),
)
RESUMED = 'The same command, without --from or --only, continues with the stage it was in.'


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(__doc__)
    parser.add_argument('--smoke', action='store_true', help='a few iterations of every stage')
    parser.add_argument(
        '--seeds', type=seed, nargs='+', default=[0], help='whole runs, one for each; default 0'
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        '--from', dest='first', metavar='STAGE', choices=NAMES, help='run again from this stage on'
    )
    which.add_argument(
        '--only', metavar='STAGE', choices=NAMES, help='run this stage again, and no other'
    )
    parser.add_argument(
        '--work-dir',
        type=path,
        help='an empty or new folder, or that of an earlier run; '
        'default work_dirs/quickstart[-smoke]',
    )
    return parser.parse_args()


def main() -> None:
    """Run the tool."""
    args = parse_args()
    with user_errors('quickstart', args.traceback, lambda: RESUMED):
        run(args)


def run(args: argparse.Namespace) -> None:
    """Run the requested stages, and write the report."""
    from digits import MAKER, ROOT, Digits
    from report import missed_limits, write_report
    from stages import all_stages

    from mmaddp.own.pretrain import generate_command
    from mmaddp.utils.durations import duration
    from mmaddp.utils.own_folders import hold_folder

    # Handled like Ctrl-C, so that the running tool is ended too.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    # Shells start background jobs with this signal ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    started = time.monotonic()
    work_dir = args.work_dir or ROOT / 'work_dirs' / f'quickstart{"-smoke" if args.smoke else ""}'
    work_dir = work_dir.resolve()
    stages = all_stages(args.smoke)
    again = {args.only} if args.only else set(NAMES[NAMES.index(args.first or NAMES[-1]) :])
    with hold_folder(work_dir, MAKER):
        runs = [Digits.of(work_dir, number, args.smoke) for number in dict.fromkeys(args.seeds)]
        for digits in runs:
            if args.first or args.only:
                digits.forget(again)
            digits.write_configs()
        for digits in runs:
            print(f'Seed {digits.plan.seed}: {digits.out}')
            digits.complete(tuple(s for s in stages if s.name in again) if args.only else stages)
        print(write_report(work_dir, runs, stages))
    print(f'This run took {duration(time.monotonic() - started)}.')
    missed = missed_limits(runs, stages)
    if missed:
        sys.exit('\n'.join(['quickstart: a figure misses its limit:', *missed]))
    if runs[0].result('addp'):
        activate = Path(sys.prefix, 'bin', 'activate')
        first = f'source {shlex.quote(str(activate))} && ' if activate.is_file() else ''
        print(f'Next: {first}{generate_command(runs[0])}')


if __name__ == '__main__':
    main()
