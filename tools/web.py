"""A page to play with models in a browser: generate, edit, look into them.

    python tools/web.py my_model my_detector

MODEL is a folder of pretrain, finetune or train, a checkpoint, or the name of released weights. The
page shows how a generation goes on step by step; redraws what is painted, varies and extends
pictures; shows reconstruction, features, nearest training pictures, classes, boxes and segments of
a picture side by side. Only this machine reaches it, unless --host says otherwise, and it asks the
network for nothing. It needs gradio: pip install "mmaddp[web]".
"""

import argparse
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))

from mmaddp.run.argument_types import address, positive, real, whole
from mmaddp.run.arguments import ToolParser
from mmaddp.run.user_errors import user_errors

HIGHEST_PORT = 2**16 - 1


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(__doc__)
    parser.add_argument(
        'models',
        nargs='*',
        type=address,
        metavar='MODEL',
        help='what the page offers; default: all in work_dirs, and released weights that are here',
    )
    parser.add_argument(
        '--host', default='127.0.0.1', help='address to listen on; default 127.0.0.1'
    )
    parser.add_argument(
        '--port', type=whole(0, HIGHEST_PORT), default=7860, help='0 for a free one; default 7860'
    )
    parser.add_argument(
        '--max-pictures', type=whole(1, 64), default=16, help='made at once; default 16'
    )
    parser.add_argument(
        '--max-megapixels', type=real(0.001), default=24.0, help='of an upload; default 24'
    )
    parser.add_argument(
        '--max-megabytes', type=positive, default=32, help='of an upload; default 32'
    )
    parser.add_argument(
        '--device', choices=['cpu', 'cuda'], help='default: cuda if there is one, else cpu'
    )
    return parser.parse_args()


def main() -> None:
    """Run the tool."""
    args = parse_args()
    with user_errors('web', args.traceback):
        from mmaddp.web.start import start

        limits = (args.max_pictures, args.max_megapixels, args.max_megabytes)
        start(args.models, args.host, args.port, limits, args.device)


if __name__ == '__main__':
    main()
