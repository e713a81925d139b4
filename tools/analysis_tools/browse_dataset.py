"""Draw what augmentation feeds the network: images with labels, boxes, masks or label maps.

    python tools/analysis_tools/browse_dataset.py CONFIG --out DIR [--split train] [--number 16]

Uses the configuration's own data loader and preprocessor, so that crops, jitter, padding and mixing
of images appear as the network sees them; only normalisation is undone. For every task:
pre-training, classification, detection, segmentation.
"""

import argparse
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))

from mmaddp.run.argument_types import address, path, positive
from mmaddp.run.arguments import ToolParser, add_common_arguments, config_arguments
from mmaddp.run.user_errors import user_errors


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(__doc__)
    parser.add_argument('config', type=address, help='configuration file, or mmaddp::FOLDER/FILE')
    parser.add_argument('--out', type=path, required=True, help='folder for the pictures')
    parser.add_argument(
        '--split',
        choices=['train', 'val', 'test'],
        default='train',
        help='whose data loader is shown; default train',
    )
    parser.add_argument('--number', type=positive, default=16, help='how many samples, default 16')
    add_common_arguments(parser)
    return parser.parse_args()


def main() -> None:
    """Run the tool."""
    args = parse_args()
    with user_errors('browse_dataset', args.traceback):
        from mmaddp.run.config import read_config
        from mmaddp.run.inputs import check_inputs
        from mmaddp.visualization.browsing import browse

        cfg = read_config(**config_arguments(args))
        if cfg.get(f'{args.split}_dataloader') is None:
            raise ValueError(f'{args.config} has no {args.split}_dataloader.')
        cfg.load_from = None
        check_inputs(cfg, (f'{args.split}_dataloader',), pretrained=False)
        files = browse(cfg, args.split, args.number, args.out)
        if not files:
            raise ValueError(
                f'{args.split}_dataloader gives no batch: the data set holds fewer samples than '
                'its batch_size, and drop_last is set.'
            )
        print(f'Wrote {len(files)} pictures to {args.out}')


if __name__ == '__main__':
    main()
