"""Check that our network computes what the official implementation computed.

    python tools/analysis_tools/check_parity.py --reference tests/data/reference

Reads a folder of recorded numbers (any widths: ``reference.json`` holds them), loads its checkpoint
through our conversion, recomputes every recorded tensor and prints one row each. Exits with 1 if a
row fails, is missing or is unknown.
"""

import argparse
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))

from mmaddp.run.argument_types import path
from mmaddp.run.arguments import ToolParser
from mmaddp.run.user_errors import user_errors


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(__doc__)
    parser.add_argument('--reference', type=path, required=True, help='folder of recorded numbers')
    parser.add_argument(
        '--skip',
        action='append',
        default=[],
        metavar='PATTERN',
        help="leave out rows by name, for instance 'classify.*'; may be repeated",
    )
    parser.add_argument(
        '--precision',
        choices=['fp32', 'bf16'],
        default='fp32',
        help='of the networks; in bf16 rows may differ by 2 %%, pictures by 3 %%. Default fp32',
    )
    return parser.parse_args()


def main() -> int:
    """Run the tool."""
    args = parse_args()
    with user_errors('check_parity', args.traceback):
        from mmaddp.engine.generation.precision import inference_precision
        from mmaddp.evaluation.parity import BF16_LIMITS, LIMITS, Recording, compare, recompute

        reference = Recording.load(args.reference)
        with inference_precision(args.precision, 'cpu'):
            computed = list(recompute(reference))
        limits = BF16_LIMITS if args.precision == 'bf16' else LIMITS
        rows = compare(reference.tensors, computed, args.skip, limits)
    print(f'{"tensor":44} {"shape":>20} {"error":>9} {"limit":>9}  status')
    for row in rows:
        numbers = ('' if number is None else f'{number:.1e}' for number in (row.error, row.limit))
        print(
            '{:44} {!s:>20} {:>9} {:>9}  {}'.format(row.name, row.shape or '', *numbers, row.status)
        )
    failed = [row.name for row in rows if not row.passed]
    skipped = sum(row.status == 'skipped' for row in rows)
    print(f'{len(rows) - len(failed) - skipped} agree, {len(failed)} do not, {skipped} skipped')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
