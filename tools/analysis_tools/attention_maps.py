"""Draw what the attention of an encoder looks at, layer by layer or head by head.

    python tools/analysis_tools/attention_maps.py MODEL PICTURES --out attention.png
    python tools/analysis_tools/attention_maps.py MODEL PICTURES --layer 12 --out heads.png
    python tools/analysis_tools/attention_maps.py MODEL PICTURES --patch 3 4 --out patch.png

MODEL is a pre-training or a classifier: a folder, a checkpoint, or a name such as addp-vit-base.
One row per picture. Columns: the mean over the heads for every layer, or the heads of one layer.
The class token looks, or the patch in a row and a column, counted from 1. Each map is scaled by
itself, from dark (least) to bright.
"""

import argparse
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))

from mmaddp.run.analysis.tool_arguments import add_model_arguments, model_arguments
from mmaddp.run.argument_types import positive
from mmaddp.run.arguments import ToolParser
from mmaddp.run.user_errors import user_errors


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(__doc__)
    add_model_arguments(parser, most=8)
    parser.add_argument('--layer', type=positive, help='show the heads of this layer, from 1')
    parser.add_argument(
        '--patch', type=positive, nargs=2, metavar=('ROW', 'COLUMN'), help='which patch looks'
    )
    parser.add_argument('--zoom', type=positive, default=1, help='size of a pixel; default 1')
    return parser.parse_args()


def main() -> None:
    """Run the tool."""
    args = parse_args()
    with user_errors('attention_maps', args.traceback):
        run(args)


def run(args: argparse.Namespace) -> None:
    """Compute and draw."""
    from mmaddp.apis.encoder_pictures import encoder_pictures
    from mmaddp.run.analysis.attention import attention_maps, attention_sheet
    from mmaddp.run.analysis.figures import check_png
    from mmaddp.utils.images import save_png

    check_png(args.out)
    found = encoder_pictures(**model_arguments(args))
    grid = tuple(found.backbone.patch_resolution)
    query = None
    if args.patch:
        row, column = args.patch
        if row > grid[0] or column > grid[1]:
            raise ValueError(f'--patch {row} {column} is outside the grid of {grid}.')
        query = (row - 1) * grid[1] + column - 1
    maps = attention_maps(found.backbone, found.inputs, query)
    if args.layer and args.layer > len(maps):
        raise ValueError(f'--layer must be at most {len(maps)}, got {args.layer}.')
    shown = [*maps[args.layer - 1].unbind(1)] if args.layer else [*maps.mean(dim=2)]
    args.out.parent.mkdir(parents=True, exist_ok=True)
    save_png(attention_sheet(found.images, shown, grid, args.zoom), args.out)
    print(f'Wrote {args.out}: {len(found.images)} pictures, {len(shown)} maps of each')


if __name__ == '__main__':
    main()
