"""Draw the loss of an ADDP model against the share of masked tokens.

    python tools/analysis_tools/loss_by_mask_ratio.py MODEL PICTURES --out loss.png

MODEL is a folder of mmaddp pretrain or of a training, a checkpoint, or a name such as
addp-vit-base. Beside the loss: the entropy of its target, below which no loss can be; the share of
masked tokens that ADDP guesses from the decoded picture, and that of the token predictor, which it
learns from. Pictures are taken as they are, without augmentation.
"""

import argparse
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))

from mmaddp.run.analysis.tool_arguments import add_model_arguments, model_arguments
from mmaddp.run.argument_types import share
from mmaddp.run.arguments import ToolParser
from mmaddp.run.user_errors import user_errors


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(__doc__)
    add_model_arguments(parser, most=512)
    parser.add_argument(
        '--ratios',
        type=share,
        nargs='+',
        default=[0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95],
        help='shares of masked tokens; default from 0.5 to 0.95',
    )
    return parser.parse_args()


def main() -> None:
    """Run the tool."""
    args = parse_args()
    with user_errors('loss_by_mask_ratio', args.traceback):
        run(args)


def run(args: argparse.Namespace) -> None:
    """Measure and draw."""
    from mmaddp.apis.encoder_pictures import addp_pictures
    from mmaddp.run.analysis.figures import check_png
    from mmaddp.run.analysis.mask_ratios import draw_losses, losses_by_ratio

    check_png(args.out)
    if min(args.ratios) == 0:
        raise ValueError('--ratios must be above 0: without a masked token there is no loss.')
    model, images = addp_pictures(**model_arguments(args))
    found = losses_by_ratio(model, images, sorted(args.ratios))
    print('masked    loss   least   guessed   by the predictor')
    for each in found:
        print(
            f'{each.ratio:6.3f} {each.loss:7.3f} {each.least_loss:7.3f} {each.accuracy:9.3f} '
            f'{each.predictor_accuracy:18.3f}'
        )
    draw_losses(found, args.out)
    print(f'Wrote {args.out}, from {len(images)} pictures')


if __name__ == '__main__':
    main()
