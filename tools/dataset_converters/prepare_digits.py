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

from mmaddp.datasets.preparation.pipeline import prepare
from mmaddp.datasets.preparation.sources import load_digits_source, load_fashion_mnist_source


def parse_args(argv: Optional[Sequence[str]]) -> argparse.Namespace:
    """Read the command line, ``sys.argv`` if ``argv`` is None."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--out', required=True, type=Path, help='folder to make')
    parser.add_argument('--source', default='digits', choices=('digits', 'fashion-mnist'))
    parser.add_argument('--idx', help='folder of the IDX files, for --source fashion-mnist')
    parser.add_argument('--size', type=int, default=32, help='pixels of a picture (default 32)')
    parser.add_argument('--scene-size', type=int, default=128, help='of a scene (default 128)')
    parser.add_argument('--train-scenes', type=int, default=800, help='default 800')
    parser.add_argument('--val-scenes', type=int, default=200, help='default 200')
    args = parser.parse_args(argv)
    if (args.source == 'fashion-mnist') != (args.idx is not None):
        parser.error('--source fashion-mnist and --idx DIR belong together')
    for name, low in dict(size=8, scene_size=32, train_scenes=0, val_scenes=0).items():
        if getattr(args, name) < low:
            flag = name.replace('_', '-')
            parser.error(f'--{flag} must be at least {low}, got {getattr(args, name)}')
    return args


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Run the tool; returns the exit status."""
    args = parse_args(argv)
    scenes = dict(train=args.train_scenes, val=args.val_scenes)
    try:
        source = (
            load_digits_source() if args.source == 'digits' else load_fashion_mnist_source(args.idx)
        )
        made = prepare(args.out, source, args.source, args.size, args.scene_size, scenes)
    except (ValueError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    counts = ', '.join(f'{len(glyphs.images)} {name}' for name, glyphs in source.splits.items())
    scene_counts = ', '.join(f'{count} {name}' for name, count in scenes.items())
    state = 'made' if made else 'is complete already, nothing to do'
    print(f'{args.out} {state}: pictures {counts}; scenes {scene_counts}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
