"""Run the whole chain on small real images, from nothing to generated pictures and a report.

    bash tools/quickstart.sh [--smoke | --full] [--from STAGE | --only STAGE]

Stages: data, tokenizer, predictor, addp, generate, judge, scores, classification, detection,
segmentation, report. A stage whose result exists is left as it is. Everything lies in
``work_dirs/quickstart``; ``report.md`` there shows the outcome. A metric that misses its limit ends
the run: the report is written, and the exit status is 1.
"""

import argparse
import shlex
import signal
import sys
import time
from pathlib import Path

from report import missed_limits, write_report
from run import MAKER, Run
from stages import STAGES
from stages.chain import ADDP

from mmaddp.own.stage import Stage, StageFailed, duration
from mmaddp.run.argument_types import path
from mmaddp.run.arguments import ToolParser
from mmaddp.run.user_errors import user_errors
from mmaddp.utils.own_folders import check_own, hold_folder, remove_folder

ROOT = Path(__file__).resolve().parents[2]
RESUMED = 'The same command, without --from or --only, continues with the stage it was in.'


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(__doc__)
    length = parser.add_mutually_exclusive_group()
    length.add_argument('--smoke', action='store_true', help='a few iterations of every stage')
    length.add_argument('--full', action='store_true', help='three seeds, for mean and spread')
    names = [stage.name for stage in STAGES] + ['report']
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        '--from', dest='first', metavar='STAGE', choices=names, help='run again from this stage on'
    )
    which.add_argument(
        '--only', metavar='STAGE', choices=names, help='run this stage again, and no other'
    )
    parser.add_argument(
        '--work-dir',
        type=path,
        help='an empty or new folder, or that of an earlier run; '
        'default work_dirs/quickstart[-smoke]',
    )
    return parser.parse_args()


def chosen(args: argparse.Namespace) -> tuple[list[Stage], set[str]]:
    """Stages to look at, and the names of those whose results are made again."""
    names = [stage.name for stage in STAGES]
    if args.only:
        return [stage for stage in STAGES if stage.name == args.only], {args.only} & {*names}
    again = set(names[names.index(args.first) :]) if args.first in names else set()
    return ([] if args.first == 'report' else list(STAGES)), again


def remove_results(runs: list[Run], names: set[str]) -> None:
    """Delete the folders of stages; none of them if one is not the quickstart's own."""
    folders = {run.folder(name) for run in runs for name in names}
    for folder in folders:
        check_own(folder, MAKER)
    for folder in folders:
        remove_folder(folder, MAKER)


def complete(runs: list[Run], stages: list[Stage]) -> None:
    """Run the stages that have no result, up to one whose figures miss their limits."""
    for run in runs:
        seed = f', seed {run.seed}' if len(runs) > 1 else ''
        for stage in stages:
            place = f'stage {STAGES.index(stage) + 1} of {len(STAGES)}{seed}'
            run.complete(stage, place)
            if missed_limits(runs, [stage]):
                return


def next_command(run: Run) -> str:
    """How to activate the environment and what to try next, as a line for the shell."""
    activate, python = '', for_shell(Path(sys.executable))
    if sys.prefix != sys.base_prefix:
        activate, python = f'source {for_shell(Path(sys.prefix, "bin", "activate"))} && ', 'python'
    try:
        checkpoint = for_shell(run.checkpoint('addp'))
    except StageFailed:
        return f'{activate}{python} tools/train.py {ADDP} --dry-run'
    options = '--num-images 64 --seed 1 --out work_dirs/digits'
    return f'{activate}{python} tools/generate.py {ADDP} {checkpoint} {options}'


def for_shell(file: Path) -> str:
    """A path as the shell takes it, short where it lies in the repository."""
    return shlex.quote(str(file.relative_to(ROOT) if file.is_relative_to(ROOT) else file))


def main() -> None:
    """Run the tool."""
    args = parse_args()
    with user_errors('quickstart', args.traceback, lambda: RESUMED):
        run(args)


def run(args: argparse.Namespace) -> None:
    """Run the requested stages, and write the report."""
    # Handled like Ctrl-C, so that the running tool is ended too.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    # Shells start background jobs with this signal ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    started = time.monotonic()
    work_dir = args.work_dir or ROOT / 'work_dirs' / f'quickstart{"-smoke" if args.smoke else ""}'
    work_dir = work_dir.resolve()
    runs = [Run(ROOT, work_dir, seed, smoke=args.smoke) for seed in range(3 if args.full else 1)]
    stages, again = chosen(args)
    with hold_folder(work_dir, MAKER):
        remove_results(runs, again)
        complete(runs, stages)
        print(write_report(work_dir, runs))
    print(f'This run took {duration(time.monotonic() - started)}.')
    missed = missed_limits(runs)
    if missed:
        sys.exit('\n'.join(['quickstart: a figure misses its limit:', *missed]))
    print(f'Next, in {ROOT}: {next_command(runs[0])}')


if __name__ == '__main__':
    main()
