"""Measure speed, memory and arithmetic of one kind of work of a configuration.

    python tools/analysis_tools/benchmark.py pretrain CONFIG --against plain --out result.json

Absent weights are replaced by random ones, and no data are needed. With --against, another variant
runs in turn with ours in the same process on the same weights and pictures, and its results are
compared: "plain" does what the official code does, in float32. Exits with 1 if results that should
be equal are not.
"""

import argparse
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))

from mmaddp.run.argument_types import address, not_negative, path, positive, seconds
from mmaddp.run.arguments import ToolParser, add_options_argument
from mmaddp.run.benchmark.settings import AGAINST, BENCHMARKS, PRECISIONS, Settings
from mmaddp.run.user_errors import user_errors


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(__doc__)
    parser.add_argument('work', choices=BENCHMARKS, help='what to measure')
    parser.add_argument('config', type=address, help='configuration file, or mmaddp::FOLDER/FILE')
    parser.add_argument('--device', default='cpu', help='cpu, cuda or cuda:N; default cpu')
    parser.add_argument('--batch', type=positive, default=2, help='pictures per call; default 2')
    parser.add_argument(
        '--precision', choices=PRECISIONS, default='fp32', help='of our variant; default fp32'
    )
    parser.add_argument('--compile', action='store_true', help='compile our networks')
    parser.add_argument('--against', choices=AGAINST, help='a variant to compare with')
    parser.add_argument('--rounds', type=positive, default=5, help='timed calls; default 5')
    parser.add_argument('--warmup', type=not_negative, default=1, help='calls before; default 1')
    parser.add_argument(
        '--limit',
        dest='limit_s',
        type=seconds,
        metavar='TIME',
        help='begin no new round after this time, as in 90s or 5m; default: all rounds',
    )
    parser.add_argument('--steps', type=positive, help='of generation; default: as configured')
    parser.add_argument('--size', type=positive, help='side of the pictures; default: configured')
    parser.add_argument('--parts', action='store_true', help='share the time among the networks')
    parser.add_argument('--out', type=path, help='JSON file of the results; default: none')
    add_options_argument(parser)
    return parser.parse_args()


def main() -> int:
    """Run the tool."""
    args = parse_args()
    with user_errors('benchmark', args.traceback):
        from mmaddp.run.benchmark.measure import measure
        from mmaddp.run.benchmark.table import table
        from mmaddp.utils.atomic import write_json

        names = Settings.__dataclass_fields__
        settings = Settings(**{name: getattr(args, name) for name in names})
        result = measure(args.work, settings, args.parts)
        print(table(result))
        if args.out:
            write_json(args.out, result)
    return 0 if all(equality['holds'] for equality in result['equality']) else 1


if __name__ == '__main__':
    sys.exit(main())
