"""List the runs below a folder, as their files tell, and draw their curves.

    python tools/analysis_tools/runs.py work_dirs
    python tools/analysis_tools/runs.py work_dirs --task pre-training --sort best
    python tools/analysis_tools/runs.py work_dirs --draw curves.png --scalars loss insight/knn

Trainings and tests, folders of mmaddp pretrain and finetune, and generated pictures: how far each
has come and whether it runs now, its last loss, its best figure, time, configuration, seed and
versions. Files that are damaged or half written are named, and the rest is listed. Nothing is
changed, and no code of a configuration is run.
"""

import argparse
import json
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))

from mmaddp.run.argument_types import path
from mmaddp.run.arguments import ToolParser
from mmaddp.run.runs.record import STATES
from mmaddp.run.runs.table import ORDERS, choose, in_order, table
from mmaddp.run.user_errors import user_errors


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(__doc__)
    parser.add_argument('folder', type=path, help='where to look, at any depth')
    parser.add_argument('--name', metavar='PATTERN', help='only runs of such a name, with * and ?')
    parser.add_argument('--task', help='only runs whose task contains this')
    parser.add_argument('--state', choices=STATES, help='only runs of this state')
    parser.add_argument('--sort', choices=ORDERS, default='started', help='default started')
    parser.add_argument('--reverse', action='store_true', help='the other way round')
    parser.add_argument('--json', action='store_true', help='print JSON')
    parser.add_argument('--draw', type=path, metavar='FILE', help='draw curves into a PNG file')
    parser.add_argument(
        '--scalars', nargs='+', metavar='NAME', help='what to draw; default: loss and best figures'
    )
    return parser.parse_args()


def main() -> None:
    """Run the tool."""
    args = parse_args()
    with user_errors('runs', args.traceback):
        list_runs(args)


def list_runs(args: argparse.Namespace) -> None:
    """List, and draw."""
    from mmaddp.run.runs.curves import draw_curves
    from mmaddp.run.runs.finding import find_runs

    if args.scalars and not args.draw:
        raise ValueError('--scalars says what --draw draws: give both.')
    found = find_runs(args.folder)
    runs = in_order(choose(found.runs, args.name, args.task, args.state), args.sort, args.reverse)
    drawn = draw_curves(runs, args.draw, found, args.scalars) if args.draw else []
    if args.json:
        content = dict(runs=[run.to_dict() for run in runs], damaged=found.damaged)
        print(json.dumps(content, indent=2))
        return
    print(table(runs) if runs else f'There are no such runs below {args.folder}.')
    for message in found.damaged:
        print(f'damaged: {message}')
    if drawn:
        print(f'Wrote {args.draw}: {", ".join(drawn)}')


if __name__ == '__main__':
    main()
