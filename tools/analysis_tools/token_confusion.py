"""Draw which codes an ADDP model predicts for which, and count all of them.

    python tools/analysis_tools/token_confusion.py MODEL PICTURES --out codes.png

MODEL is a folder of mmaddp pretrain or of a training, a checkpoint, or a name such as
addp-vit-base. A share of the tokens of each picture is masked, as in pre-training. Each row of the
drawing is a true code; beside it stands what it looks like. All pairs go into a table beside the
drawing, codes.csv.
"""

import argparse
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))

from mmaddp.run.analysis.tool_arguments import add_model_arguments, model_arguments
from mmaddp.run.argument_types import positive, share
from mmaddp.run.arguments import ToolParser
from mmaddp.run.user_errors import user_errors


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(__doc__)
    add_model_arguments(parser, most=512)
    parser.add_argument(
        '--mask-ratio', type=share, default=0.75, help='share of masked tokens; default 0.75'
    )
    parser.add_argument(
        '--codes', type=positive, default=40, help='codes that are drawn; default 40'
    )
    return parser.parse_args()


def main() -> None:
    """Run the tool."""
    args = parse_args()
    with user_errors('token_confusion', args.traceback):
        run(args)


def run(args: argparse.Namespace) -> None:
    """Count and draw."""
    from mmaddp.apis.encoder_pictures import addp_pictures
    from mmaddp.run.analysis.confusion import confusion, draw_confusion, write_counts
    from mmaddp.run.analysis.figures import check_png

    check_png(args.out)
    if args.mask_ratio == 0:
        raise ValueError('--mask-ratio must be above 0: without a masked token nothing is guessed.')
    model, images = addp_pictures(**model_arguments(args))
    found = confusion(model, images, args.mask_ratio)
    draw_confusion(found, model, args.codes, args.out)
    write_counts(found, args.out.with_suffix('.csv'))
    print(
        f'{int(found.counts.sum())} masked tokens of {len(images)} pictures: the true code is the '
        f'first guess for {found.accuracy:.1%}, among the first five for {found.in_top:.1%}'
    )
    print(f'Wrote {args.out} and {args.out.with_suffix(".csv")}')


if __name__ == '__main__':
    main()
