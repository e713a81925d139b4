"""Run the whole chain on small real images, from nothing to generated pictures and a report.

    bash tools/quickstart.sh [--smoke | --full] [--from STAGE | --only STAGE]

Stages: data, tokenizer, predictor, addp, generate, judge, scores, classification, detection,
segmentation, report. A stage whose result exists is left as it is. Everything lies in
``work_dirs/quickstart``; ``report.md`` there shows the outcome.
"""

import argparse
import shutil
import sys
from pathlib import Path

from stages.report import write_report
from stages.run import Run, StageFailed
from stages.stages import STAGES

ROOT = Path(__file__).resolve().parents[2]


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog='quickstart', description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    length = parser.add_mutually_exclusive_group()
    length.add_argument('--smoke', action='store_true', help='a few iterations of every stage')
    length.add_argument('--full', action='store_true', help='three seeds, for mean and spread')
    names = [stage.name for stage in STAGES] + ['report']
    which = parser.add_mutually_exclusive_group()
    which.add_argument('--from', dest='first', choices=names, help='run again from this stage on')
    which.add_argument('--only', choices=names, help='run this stage again, and no other')
    parser.add_argument('--work-dir', type=Path, help='default work_dirs/quickstart[-smoke]')
    return parser.parse_args()


def chosen(args: argparse.Namespace) -> tuple[list, set[str]]:
    """Stages to look at, and the names of those whose results are made again."""
    names = [stage.name for stage in STAGES]
    if args.only:
        return [stage for stage in STAGES if stage.name == args.only], {args.only}
    again = set(names[names.index(args.first) :]) if args.first in names else set()
    return ([] if args.first == 'report' else list(STAGES)), again


def main() -> None:
    args = parse_args()
    work_dir = args.work_dir or ROOT / 'work_dirs' / f'quickstart{"-smoke" if args.smoke else ""}'
    work_dir = work_dir.resolve()
    runs = [Run(ROOT, work_dir, seed, smoke=args.smoke) for seed in range(3 if args.full else 1)]
    stages, again = chosen(args)
    for folder in {run.folder(name) for run in runs for name in again}:
        shutil.rmtree(folder, ignore_errors=True)
    for run in runs:
        for stage in stages:
            try:
                run.complete(stage)
            except StageFailed as failure:
                sys.exit(f'quickstart: {failure}')
    print(write_report(work_dir, runs))


if __name__ == '__main__':
    main()
