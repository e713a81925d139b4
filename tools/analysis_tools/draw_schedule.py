"""Draw the learning rates of a training from its config, without training.

    python tools/analysis_tools/draw_schedule.py CONFIG --out rates.png

Optimizer, groups of parameters and schedulers are those of the training. Where groups have rates of
their own (layer-wise decay), the highest, the lowest and one between are drawn.
"""

import argparse
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))

from mmaddp.run.argument_types import address, path, positive
from mmaddp.run.arguments import ToolParser, add_options_argument
from mmaddp.run.user_errors import user_errors


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(__doc__)
    parser.add_argument('config', type=address, help='configuration file, or mmaddp::FOLDER/FILE')
    parser.add_argument('--out', type=path, required=True, help='.png file')
    parser.add_argument(
        '--steps-per-epoch', type=positive, help='iterations of an epoch; default: from the data'
    )
    add_options_argument(parser)
    return parser.parse_args()


def main() -> None:
    """Run the tool."""
    args = parse_args()
    with user_errors('draw_schedule', args.traceback):
        from mmaddp.run.analysis.figures import check_png
        from mmaddp.run.analysis.schedule import draw_schedule, learning_rates, summary
        from mmaddp.run.config import read_config

        check_png(args.out)
        cfg = read_config(args.config, args.cfg_options)
        schedule = learning_rates(cfg, args.steps_per_epoch)
        draw_schedule(schedule, args.out)
        print('\n'.join([*summary(schedule), f'Wrote {args.out}']))


if __name__ == '__main__':
    main()
