"""Count parameters and floating point operations of a model, part by part.

    python tools/analysis_tools/count_parts.py CONFIG
    python tools/analysis_tools/count_parts.py CONFIG --depth 3 --json

One forward pass of one random picture is run on the CPU; operations are those of matrix products
and convolutions, an addition and a multiplication being two (PyTorch's FlopCounterMode). Of a
pre-training, that is the forward pass of a training step, with tokenizer and token predictor.
Weights play no part: none are needed.
"""

import argparse
import json
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))

from mmaddp.run.argument_types import address, positive
from mmaddp.run.arguments import ToolParser, add_options_argument
from mmaddp.run.user_errors import user_errors


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(__doc__)
    parser.add_argument('config', type=address, help='configuration file, or mmaddp::FOLDER/FILE')
    parser.add_argument('--depth', type=positive, default=2, help='levels of parts; default 2')
    parser.add_argument(
        '--size', type=positive, help='side of the picture in pixels; default: as configured'
    )
    parser.add_argument('--json', action='store_true', help='print JSON')
    add_options_argument(parser)
    return parser.parse_args()


def main() -> None:
    """Run the tool."""
    args = parse_args()
    with user_errors('count_parts', args.traceback):
        from mmaddp.run.analysis.parts import count_parts, table
        from mmaddp.run.benchmark.settings import Settings

        settings = Settings(args.config, size=args.size, cfg_options=args.cfg_options)
        parts = count_parts(settings, args.depth)
        if args.json:
            print(json.dumps([part._asdict() for part in parts], indent=1))
        else:
            print(table(parts))


if __name__ == '__main__':
    main()
