"""Make new pictures from real ones with an ADDP checkpoint: redraw, extend or vary them.

    python tools/edit.py CONFIG CHECKPOINT photo.png --mask mask.png --out work_dirs/new

Writes ``photo.png`` as the model sees it, ``photo_0.png``, ``photo_1.png``, ... and ``sheet.png``.
``--seed`` is that of the first version. One of --mask, --mask-ratio, --outpaint and --strengths
says what to do. The same command continues a run that was stopped.
"""

import argparse
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))

from mmaddp.run.argument_types import address, not_negative, path, positive, seed, share
from mmaddp.run.arguments import ToolParser, add_common_arguments, config_arguments
from mmaddp.run.sampler_arguments import PRECISIONS, add_sampler_arguments, sampler_settings
from mmaddp.run.user_errors import user_errors

EDIT_ARGUMENTS = ('mask_ratio', 'mask', 'outpaint', 'strengths', 'dilation', 'official_start')


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(__doc__)
    parser.add_argument('config', type=address, help='config of the model')
    parser.add_argument(
        'checkpoint', type=address, help='checkpoint of its model, a file or mmaddp://NAME'
    )
    parser.add_argument('images', nargs='+', type=address, metavar='FILE', help='picture files')
    parser.add_argument('--out', type=path, required=True, help='folder for the new pictures')
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument('--mask-ratio', type=share, help='share of tokens to hide and predict again')
    what.add_argument(
        '--mask', type=address, metavar='FILE', help='mask; all that is not black is redrawn'
    )
    what.add_argument(
        '--outpaint',
        type=not_negative,
        nargs=4,
        metavar=('TOP', 'RIGHT', 'BOTTOM', 'LEFT'),
        help='pixels to invent around the picture, which shrinks accordingly',
    )
    what.add_argument('--strengths', type=share, nargs='+', help='of the variations, from 0 to 1')
    parser.add_argument(
        '--dilation', type=not_negative, default=0, help='pixels to widen the mask by; default 0'
    )
    parser.add_argument('--versions', type=positive, default=4, help='per picture; default 4')
    parser.add_argument('--seed', type=seed, default=0, help='seed of the first version; default 0')
    parser.add_argument(
        '--official-start',
        action='store_true',
        help='as in the official code: the first step sees the intact picture',
    )
    parser.add_argument(
        '--precision', choices=PRECISIONS, default='fp32', help='of the network; default fp32'
    )
    parser.add_argument(
        '--zoom', type=positive, default=1, help='pixels of the sheet per pixel of an image'
    )
    add_sampler_arguments(parser)
    add_common_arguments(parser)
    return parser.parse_args()


def main() -> None:
    """Run the tool."""
    args = parse_args()
    with user_errors('edit', args.traceback, lambda: 'The same command continues.'):
        from mmaddp.apis.edit_files import EditSettings, edit_files
        from mmaddp.engine.generation.manifest import describe_model
        from mmaddp.engine.generation.precision import inference_precision
        from mmaddp.run.config import read_config
        from mmaddp.run.generating import set_sampler
        from mmaddp.utils.precision import resolve_precision
        from mmaddp.weights.model import build_model

        settings = EditSettings(**{name: getattr(args, name) for name in EDIT_ARGUMENTS})
        cfg = read_config(**config_arguments(args))
        set_sampler(cfg, sampler_settings(args))
        model = build_model(cfg, args.checkpoint)
        device_type = model.neck.mask_token.device.type
        precision = resolve_precision(args.precision, model, device_type)
        description = describe_model(cfg, args.checkpoint, model) | dict(precision=precision)
        seeds = range(args.seed, args.seed + args.versions)
        with inference_precision(precision, device_type):
            what = (args.images, args.out, seeds, settings, args.zoom, description)
            written = edit_files(model, *what)
        print(f'Wrote {len(written)} files to {args.out}')


if __name__ == '__main__':
    main()
