"""Arguments of the tools that look into a trained model; no host is imported here."""

import argparse
from typing import Any

from mmaddp.run.argument_types import address, path, positive


def add_model_arguments(parser: argparse.ArgumentParser, most: int) -> None:
    """Add the model, the pictures, and where the result goes.

    Args:
        parser (ArgumentParser): Of the tool.
        most (int): Pictures that are used by default.
    """
    parser.add_argument(
        'model', type=address, help='folder of a training or of mmaddp pretrain, checkpoint or name'
    )
    parser.add_argument('images', nargs='+', type=address, help='pictures, folders, addresses')
    parser.add_argument('--out', type=path, required=True, help='.png file')
    parser.add_argument(
        '--most',
        type=positive,
        default=most,
        help=f'pictures that are used, evenly spaced; default {most}',
    )
    parser.add_argument('--config', type=address, help='config of a checkpoint; default: beside it')
    parser.add_argument('--device', help='default: cuda if there is one, else cpu')


def model_arguments(args: argparse.Namespace) -> dict[str, Any]:
    """Arguments of :func:`mmaddp.apis.encoder_pictures.encoder_pictures` and its like."""
    return dict(
        source=args.model,
        images=args.images,
        most=args.most,
        config=args.config,
        device=args.device,
    )
