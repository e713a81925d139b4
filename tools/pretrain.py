"""From a folder of pictures to a model of them, in one command.

    python tools/pretrain.py my_pictures --out my_model --budget 10m

Looks at the pictures, plans sizes and epochs for them, this machine and the time, writes
configurations, trains tokenizer, token predictor and ADDP, generates, and writes report.html. The
same command continues where it was stopped. --plan shows the plan and stops.
"""

import argparse
import os
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))

from mmaddp.run.argument_types import address, path, positive, seconds, seed
from mmaddp.run.arguments import ToolParser
from mmaddp.run.user_errors import user_errors

SIZES = ('auto', 'tiny', 'small', 'base', 'large')


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(__doc__)
    parser.add_argument('images', type=path, help='folder of pictures, at any depth')
    parser.add_argument('--out', type=path, required=True, help='folder for all that is made')
    parser.add_argument(
        '--budget', type=seconds, default=600.0, help='time for all, as in 10m or 2h; default 10m'
    )
    parser.add_argument('--size', choices=SIZES, default='auto', help='of the models; default auto')
    parser.add_argument('--resolution', type=positive, help='pixels along each side; default: auto')
    parser.add_argument('--grid', type=positive, help='tokens along each side; default: auto')
    parser.add_argument(
        '--channels', type=positive, help='of the pictures: 1 keeps grey ones; default: auto'
    )
    parser.add_argument(
        '--range',
        dest='value_range',
        nargs=2,
        type=float,
        metavar=('LOW', 'HIGH'),
        help='samples of more than 8 bits that become black and white; default: measured',
    )
    parser.add_argument(
        '--device', choices=['cpu', 'cuda'], help='default: cuda if there is one, else cpu'
    )
    parser.add_argument(
        '--from',
        dest='start',
        metavar='NAME_OR_DIR',
        type=address,
        help='weights to train further: --out of an earlier run, or mmaddp://addp-vit-base',
    )
    parser.add_argument('--seed', type=seed, default=0, help='of everything; default 0')
    parser.add_argument('--plan', action='store_true', help='show and write the plan, then stop')
    return parser.parse_args()


def main() -> None:
    """Run the tool."""
    args = parse_args()
    with user_errors('pretrain', args.traceback, lambda: 'The same command continues.'):
        started = time.perf_counter()
        if args.device == 'cpu':  # the tools that are started must not see one either
            os.environ['CUDA_VISIBLE_DEVICES'] = ''
        import torch
        from mmengine.logging import MMLogger

        from mmaddp.own.plan import Wishes
        from mmaddp.own.pretrain import pretrain

        device = args.device or ('cuda' if torch.cuda.is_available() else 'cpu')
        if device == 'cuda' and not torch.cuda.is_available():
            raise ValueError('--device cuda: PyTorch finds no GPU here; take --device cpu.')
        sizes = (args.size, args.resolution, args.grid)
        wishes = Wishes(*sizes, args.budget, device, args.seed, args.start)
        wishes = wishes._replace(channels=args.channels, value_range=args.value_range)
        MMLogger.get_current_instance().setLevel('WARNING')  # the stages have logs of their own
        loading = time.perf_counter() - started
        pretrain(args.images, args.out, wishes, args.plan, loading)


if __name__ == '__main__':
    main()
