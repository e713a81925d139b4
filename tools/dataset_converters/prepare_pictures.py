"""Make a folder of pictures like a user's, to try mmaddp pretrain and mmaddp finetune with.

    python tools/dataset_converters/prepare_pictures.py --source digits --per-class 50 --out digits

Each class gets a folder of PNG files. Sources: the handwritten digits that scikit-learn carries;
Fashion-MNIST from its four IDX files (MIT licence; Debian's package dataset-fashion-mnist puts them
into /usr/share/datasets/fashion-mnist); square crops of nine colour photographs that scikit-image
and scikit-learn carry, the class being the photograph. With the same seed, fewer pictures are among
the more ones. The same command makes the same bytes; a complete folder is left as it is.
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


def parse_args(argv: Optional[Sequence[str]] = None) -> argparse.Namespace:
    """Read the command line, ``sys.argv`` if ``argv`` is None."""
    parser = ToolParser(__doc__)
    parser.add_argument('--out', required=True, type=path, help='folder to make')
    sources = ('digits', 'fashion-mnist', 'photographs')
    parser.add_argument('--source', default='digits', choices=sources, help='default digits')
    parser.add_argument('--idx', type=path, help='folder of the IDX files, for fashion-mnist')
    parser.add_argument('--split', default='train', choices=('train', 'val'), help='default train')
    count = whole(1, 1_000_000)
    parser.add_argument('--per-class', type=count, help='pictures of each class, default all')
    parser.add_argument('--number', type=count, default=2000, help='of all crops, default 2000')
    parser.add_argument('--side', type=whole(8, 256), default=32, help='pixels, default 32')
    parser.add_argument('--seed', type=whole(0, 2**32 - 1), default=0, help='default 0')
    args = parser.parse_args(argv)
    if (args.source == 'fashion-mnist') != (args.idx is not None):
        parser.error('--source fashion-mnist and --idx DIR belong together')
    return args


def main(argv: Optional[Sequence[str]] = None) -> None:
    """Run the tool."""
    args = parse_args(argv)
    with user_errors('prepare_pictures', args.traceback):
        make(args)


def make(args: argparse.Namespace) -> None:
    """Make the folder and say what is in it."""
    from mmaddp.datasets.preparation.class_folders import (
        crops_of_photographs,
        pictures_of,
        write_class_folders,
    )
    from mmaddp.datasets.preparation.folders import count_files
    from mmaddp.datasets.preparation.sources import load_digits_source, load_fashion_mnist_source

    settings = dict(source=args.source, side=args.side, seed=args.seed)
    if args.source == 'photographs':
        settings |= dict(number=args.number)
        pictures = crops_of_photographs(args.number, args.side, args.seed)
    else:
        is_digits = args.source == 'digits'
        source = load_digits_source() if is_digits else load_fashion_mnist_source(args.idx)
        settings |= dict(split=args.split, per_class=args.per_class)
        pictures = pictures_of(source, args.split, args.per_class, args.side, args.seed)
    made = write_class_folders(args.out, pictures, settings)
    state = 'made' if made else 'is complete already, nothing to do'
    print(f'{args.out} {state}: {count_files(args.out):,} pictures')


if __name__ == '__main__':
    main()
