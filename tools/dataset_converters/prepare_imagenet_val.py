r"""Write the reference for FID on ImageNet: the validation set at 256 x 256.

    python tools/dataset_converters/prepare_imagenet_val.py --images data/imagenet/val \
        --out data/imagenet-val-256px --expect 50000

Every image becomes a PNG of the same relative path: shorter side resized to 256 (bilinear,
antialiased, as torchvision's Resize does with Pillow images), centre cropped. Flat folders and
class folders are read alike. Each file records the source it was made from, so that a second call
checks existing files (decodable, size, source) and makes only what is missing or wrong.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Optional

sys.path.append(str(Path(__file__).resolve().parents[2]))

from mmaddp.run.argument_types import path, positive, whole
from mmaddp.run.arguments import ToolParser
from mmaddp.run.user_errors import user_errors


def parse_args(argv: Optional[Sequence[str]]) -> argparse.Namespace:
    """Read the command line, ``sys.argv`` if ``argv`` is None."""
    parser = ToolParser(__doc__)
    parser.add_argument('--images', type=path, required=True, help='folder of the originals')
    parser.add_argument('--out', type=path, required=True, help='folder for the PNG files')
    parser.add_argument(
        '--size', type=whole(1, 4096), default=256, help='side of the results; default 256'
    )
    parser.add_argument('--expect', type=positive, help='fail unless there are this many originals')
    parser.add_argument(
        '--num-workers', type=positive, default=os.cpu_count(), help='processes; default all cores'
    )
    return parser.parse_args(argv)


def main(argv: Optional[Sequence[str]] = None) -> None:
    """Run the tool."""
    args = parse_args(argv)
    with user_errors('prepare_imagenet_val', args.traceback, lambda: 'The same command continues.'):
        from mmaddp.run.imagenet_reference import prepare_reference

        settings = (args.images, args.out, args.size, args.expect, args.num_workers)
        print(prepare_reference(*settings))


if __name__ == '__main__':
    main()
