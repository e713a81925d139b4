"""Compute features of pictures: one vector per picture, in an .npz or .safetensors file.

    python tools/analysis_tools/extract_features.py CONFIG CHECKPOINT FOLDER --out features.npz

CONFIG is that of a classifier, of k-NN (configs/classification/) or of an ADDP pre-training. An
.npz file holds the arrays features and names; a .safetensors file holds the tensor features, and
names as JSON in its metadata.
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
    parser.add_argument(
        'checkpoint', type=address, help='checkpoint of its model, a file or mmaddp://NAME'
    )
    parser.add_argument('images', nargs='+', type=address, help='pictures, folders, addresses')
    parser.add_argument('--out', type=path, required=True, help='.npz or .safetensors file')
    parser.add_argument(
        '--stage',
        choices=['backbone', 'neck', 'pre_logits'],
        default='neck',
        help='where the features are taken; default neck',
    )
    parser.add_argument('--batch-size', type=positive, default=16, help='default 16')
    parser.add_argument('--device', help='default: cuda if there is one, else cpu')
    add_options_argument(parser)
    return parser.parse_args()


def main() -> None:
    """Run the tool."""
    args = parse_args()
    with user_errors('extract_features', args.traceback):
        extract(args)


def extract(args: argparse.Namespace) -> None:
    """Compute and write the features."""
    from mmaddp.apis import build_model, extract_features
    from mmaddp.apis.feature_file import check_ending, write_features
    from mmaddp.apis.inputs import list_inputs
    from mmaddp.run.config import read_config

    check_ending(args.out)
    names = [str(image.path or image.url) for image in list_inputs(args.images)]
    model = build_model(read_config(args.config, args.cfg_options), args.checkpoint, args.device)
    settings = dict(stage=args.stage, batch_size=args.batch_size)
    features = extract_features(args.images, model, **settings)
    write_features(args.out, features, names)
    print(f'Wrote {args.out}: {len(features)} features of shape {tuple(features.shape[1:])}')


if __name__ == '__main__':
    main()
