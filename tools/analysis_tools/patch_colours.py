"""Draw the features of patches as colours: their first three principal components.

    python tools/analysis_tools/patch_colours.py MODEL PICTURES --out patches.png
    python tools/analysis_tools/patch_colours.py MODEL PICTURES --block 6 --out middle.png

MODEL is a pre-training or a classifier: a folder, a checkpoint, or a name such as addp-vit-base.
Pictures above, their patches below; patches of the same colour have similar features, also across
pictures.
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
    parser.add_argument(
        '--block', type=positive, default=0, help='features behind this block, from 1; default: all'
    )
    parser.add_argument('--zoom', type=positive, default=1, help='size of a pixel; default 1')
    return parser.parse_args()


def main() -> None:
    """Run the tool."""
    args = parse_args()
    with user_errors('patch_colours', args.traceback):
        run(args)


def run(args: argparse.Namespace) -> None:
    """Compute and draw."""
    from mmaddp.apis.encoder_pictures import encoder_pictures
    from mmaddp.run.analysis.figures import check_png
    from mmaddp.run.analysis.patches import patch_tokens
    from mmaddp.utils.images import save_png
    from mmaddp.visualization.feature_maps import feature_sheet

    check_png(args.out)
    found = encoder_pictures(**model_arguments(args))
    tokens, grid = patch_tokens(found.backbone, found.inputs, args.block)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    save_png(feature_sheet(found.images, tokens, grid, args.zoom), args.out)
    print(f'Wrote {args.out}: {len(found.images)} pictures, {grid[0]} x {grid[1]} patches of each')


if __name__ == '__main__':
    main()
