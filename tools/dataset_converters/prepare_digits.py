"""Make the embedded data sets: classification, detection and segmentation, without a download.

    python tools/dataset_converters/prepare_digits.py --out data/digits

Sources: the 1,797 handwritten digits that scikit-learn carries (from UCI's optical recognition of
handwritten digits, CC BY 4.0), or Fashion-MNIST (MIT licence) from its four IDX files. Scenes show
them over crops of the two photographs that scikit-learn carries (china.jpg, flower.jpg, CC BY 2.0,
credits in its folder ``datasets/images``). Splits share no picture and no part of a photograph.
The same command makes the same bytes; a complete folder is left as it is.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Optional

sys.path.append(str(Path(__file__).resolve().parents[2]))

from mmaddp.run.argument_types import path, whole
from mmaddp.run.arguments import ToolParser
from mmaddp.run.user_errors import user_errors


def parse_args(argv: Optional[Sequence[str]]) -> argparse.Namespace:
    """Read the command line, ``sys.argv`` if ``argv`` is None."""
    parser = ToolParser(__doc__)
    parser.add_argument('--out', required=True, type=path, help='folder to make')
    parser.add_argument(
        '--source', default='digits', choices=('digits', 'fashion-mnist'), help='default digits'
    )
    parser.add_argument(
        '--idx', type=path, help='folder of the IDX files, for --source fashion-mnist'
    )
    numbers = dict(
        size=(32, 8, 1024, 'pixels of a picture'),
        scene_size=(128, 32, 2048, 'pixels of a scene'),
        train_scenes=(800, 0, 999_999, 'scenes to train with'),
        val_scenes=(200, 0, 999_999, 'scenes to validate with'),
    )
    for name, (default, low, high, text) in numbers.items():
        flag = f'--{name.replace("_", "-")}'
        parser.add_argument(
            flag, type=whole(low, high), default=default, help=f'{text}, default {default}'
        )
    args = parser.parse_args(argv)
    if (args.source == 'fashion-mnist') != (args.idx is not None):
        parser.error('--source fashion-mnist and --idx DIR belong together')
    return args


def main(argv: Optional[Sequence[str]] = None) -> None:
    """Run the tool."""
    args = parse_args(argv)
    with user_errors('prepare_digits', args.traceback):
        make(args)


def make(args: argparse.Namespace) -> None:
    """Make the folder and say what is in it."""
    from mmaddp.datasets.preparation.pipeline import prepare
    from mmaddp.datasets.preparation.sources import load_digits_source, load_fashion_mnist_source

    scenes = dict(train=args.train_scenes, val=args.val_scenes)
    source = (
        load_digits_source() if args.source == 'digits' else load_fashion_mnist_source(args.idx)
    )
    out = args.out
    made = prepare(out, source, args.source, args.size, args.scene_size, scenes)
    counts = ', '.join(f'{len(glyphs.images)} {name}' for name, glyphs in source.splits.items())
    scene_counts = ', '.join(f'{count} {name}' for name, count in scenes.items())
    state = 'made' if made else 'is complete already, nothing to do'
    print(f'{out} {state}: pictures {counts}; scenes {scene_counts}')


if __name__ == '__main__':
    main()
