"""Measure speed, memory and arithmetic of one kind of work of a configuration.

    python tools/analysis_tools/benchmark.py pretrain CONFIG --against plain --out result.json
    python tools/analysis_tools/benchmark.py --suite gpu --out gpu.json

Absent weights are replaced by random ones, and no data are needed. With --against, another variant
runs in turn with ours in the same process on the same weights and pictures, and its results are
compared: "plain" does what the official code does, in float32. Exits with 1 if results that should
be equal are not. A suite measures what is worth knowing of a device in less than nine minutes; it
writes its file after every part.
"""

import argparse
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))

from mmaddp.run.argument_types import address, not_negative, path, positive, seconds
from mmaddp.run.arguments import ToolParser, add_options_argument
from mmaddp.run.benchmark.settings import AGAINST, BENCHMARKS, PRECISIONS, SUITES, Settings
from mmaddp.run.user_errors import user_errors


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(__doc__)
    parser.add_argument('work', nargs='?', choices=BENCHMARKS, help='what to measure')
    parser.add_argument(
        'config', nargs='?', type=address, help='configuration file, or mmaddp::FOLDER/FILE'
    )
    parser.add_argument('--suite', choices=SUITES, help='measure all of a suite; needs --out')
    parser.add_argument('--device', help='cpu, cuda or cuda:N; default: cuda for gpu, else cpu')
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
    args = parser.parse_args()
    if args.suite and (args.work or not args.out):
        parser.error('--suite takes --out and neither work nor configuration')
    if not args.suite and not args.config:
        parser.error('needs what to measure and a configuration, or --suite')
    args.device = args.device or ('cuda' if args.suite == 'gpu' else 'cpu')
    return args


def main() -> int:
    """Run the tool."""
    args = parse_args()
    with user_errors('benchmark', args.traceback):
        if args.suite:
            return _suite(args)
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


def _suite(args: argparse.Namespace) -> int:
    """Run a suite; its failures are in its file."""
    from mmaddp.run.benchmark.suite import failures, run_suite
    from mmaddp.run.benchmark.suites import parts_of

    result = run_suite(parts_of(args.suite, args.device), args.out)
    failed = failures(result)
    print(f'{args.out}: {len(result["parts"]) - len(failed)} parts, {len(failed)} failed')
    for name in failed:
        print(f'  {name}')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
