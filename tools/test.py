"""Test a checkpoint with the test data and metrics of its configuration.

python tools/test.py CONFIG CHECKPOINT [--out predictions.json] [--show-dir DIR] [--tta]
"""

import argparse
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))

from mmaddp.run.argument_types import address
from mmaddp.run.arguments import ToolParser, add_common_arguments, config_arguments
from mmaddp.run.user_errors import user_errors


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(__doc__)
    parser.add_argument('config', type=address, help='configuration file, or mmaddp::FOLDER/FILE')
    parser.add_argument('checkpoint', type=address, help='checkpoint file, or mmaddp://NAME')
    parser.add_argument(
        '--out',
        type=address,
        help='file for all predictions: .pkl; for classification also .csv or .json',
    )
    parser.add_argument('--show-dir', type=address, help='folder for pictures of all predictions')
    parser.add_argument(
        '--report',
        type=address,
        help='folder for the per-class metrics and the confusion matrix',
    )
    parser.add_argument(
        '--tta', action='store_true', help='use test-time augmentation: tta_model, tta_pipeline'
    )
    add_common_arguments(parser)
    return parser.parse_args()


def main() -> None:
    """Run the tool."""
    args = parse_args()
    with user_errors('test', args.traceback):
        from mmaddp.run.testing import Outputs, run_test

        outputs = Outputs(args.out, args.show_dir, args.report)
        run_test(args.checkpoint, outputs, args.tta, **config_arguments(args))


if __name__ == '__main__':
    main()
