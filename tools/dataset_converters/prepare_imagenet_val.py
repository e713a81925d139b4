"""Write the reference that FID on ImageNet is measured against: the validation set, 256 x 256.

    python tools/dataset_converters/prepare_imagenet_val.py --images data/imagenet/val \
        --out data/imagenet-val-256px --expect 50000

Every image becomes a PNG of the same relative path: shorter side resized to 256 (bilinear,
antialiased, as torchvision's Resize does with Pillow images), centre cropped. Flat folders and
class folders are read alike. A file remembers the source it was made from, so that a second call
checks what is there (it decodes, its size, its source) and makes only what is missing or wrong.
"""

import argparse
import hashlib
import io
import json
import os
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Optional

import PIL
import torchvision
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from rich.progress import track

from mmaddp.datasets.loading import decode_rgb
from mmaddp.evaluation.fidelity.image_sets import RECORD, resize_and_crop
from mmaddp.run.user_errors import user_errors
from mmaddp.utils.atomic import remove_unfinished, write_bytes, write_json
from mmaddp.utils.listing import list_pictures
from mmaddp.utils.open_picture import open_picture

# Name of the PNG text that holds the SHA-256 of the source file.
SOURCE_KEY = 'source sha256'


def parse_args(argv: Optional[Sequence[str]]) -> argparse.Namespace:
    """Read the command line, ``sys.argv`` if ``argv`` is None."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--images', type=Path, required=True, help='folder of the originals')
    parser.add_argument('--out', type=Path, required=True, help='folder of the PNG files')
    parser.add_argument('--size', type=int, default=256, help='side of the results; default 256')
    parser.add_argument('--expect', type=int, help='fail unless there are so many originals')
    parser.add_argument('--num-workers', type=int, default=os.cpu_count(), help='processes')
    args = parser.parse_args(argv)
    if args.size < 1:
        parser.error(f'--size must be at least 1, got {args.size}')
    return args


def find_images(folder: Path, expected: Optional[int]) -> dict[Path, Path]:
    """Relative path of every result, and the original that it is made from.

    Raises:
        FileNotFoundError: There is no such folder, or no image in it.
        ValueError: Their number is not the expected one, or two would get one name.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f'There is no folder {folder}.')
    found = list_pictures(folder)
    files = sorted(found.paths())
    if not files:
        raise FileNotFoundError(f'{folder} holds no image. {found.report()}')
    if expected is not None and len(files) != expected:
        raise ValueError(f'{folder} holds {len(files)} images, expected {expected}.')
    targets = [file.relative_to(folder).with_suffix('.png') for file in files]
    (name, count), *_ = Counter(targets).most_common(1)
    if count > 1:
        raise ValueError(f'{count} images of {folder} would be written to {name}: rename them.')
    return dict(zip(targets, files))


def convert(item: tuple[Path, Path], out: Path, size: int) -> bool:
    """Make one result unless it is there and right.

    Args:
        item (tuple[Path, Path]): Relative path of the result; the original.
        out (Path): Folder of the results.
        size (int): Side in pixels.

    Returns:
        bool: Whether it was made.

    Raises:
        ValueError: The original cannot be read.
        OSError: The result cannot be written, or does not read back.
    """
    target, source = out / item[0], item[1]
    content = source.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    if is_right(target, size, sha256):
        return False
    try:
        pixels = decode_rgb(content, ignore_orientation=True)
    except Exception as error:  # Pillow's decoders raise nearly every type
        raise ValueError(f'Cannot read the image {source}: {error}.') from error
    info = PngInfo()
    info.add_text(SOURCE_KEY, sha256)
    stream = io.BytesIO()
    Image.fromarray(resize_and_crop(pixels, size)).save(stream, format='PNG', pnginfo=info)
    write_bytes(target, stream.getvalue())
    if not is_right(target, size, sha256):
        raise OSError(f'{target} was written and does not read back: check the disk.')
    return True


def is_right(path: Path, size: int, sha256: str) -> bool:
    """Whether a result decodes, has the size, and was made from the source."""
    try:
        with open_picture(path) as image:
            image.load()
            return (
                image.format == 'PNG'
                and image.mode == 'RGB'
                and image.size == (size, size)
                and image.text.get(SOURCE_KEY) == sha256
            )
    except (OSError, SyntaxError, ValueError):
        return False


def check_folder(out: Path, targets: Sequence[Path], transform: str) -> None:
    """Refuse a folder that holds something else, and tidy up what a killed run left.

    Raises:
        ValueError: It was made with another transform, or holds images that do not belong to it.
    """
    record = out / RECORD
    if record.is_file():
        found = json.loads(record.read_text()).get('transform')
        if found != transform:
            raise ValueError(f'{out} was made with {found}, not {transform}: choose another --out.')
    known = set(targets)
    there = list_pictures(out, say=False).paths() if out.is_dir() else ()
    strangers = [file for file in there if file.relative_to(out) not in known]
    if strangers:
        raise ValueError(
            f'{out} holds {len(strangers)} images that are not made here ({strangers[0]}, ...), '
            'which would count in a score: remove them or choose another --out.'
        )
    for folder in {out / target.parent for target in targets}:
        remove_unfinished(folder, '*.png')


def main(argv: Optional[Sequence[str]] = None) -> None:
    """Run the tool."""
    args = parse_args(argv)
    with user_errors('prepare_imagenet_val'):
        images = find_images(args.images, args.expect)
        transform = f'Resize({args.size}, bilinear, antialias) CenterCrop({args.size})'
        check_folder(args.out, list(images), transform)
        record = dict(
            transform=transform,
            num_images=len(images),
            complete=False,
            versions=dict(pillow=PIL.__version__, torchvision=torchvision.__version__),
        )
        write_json(args.out / RECORD, record)
        work = partial(convert, out=args.out, size=args.size)
        with ProcessPoolExecutor(max(args.num_workers, 1)) as pool:
            made = pool.map(work, images.items(), chunksize=16)
            number = sum(track(made, total=len(images), description='Preparing'))
        write_json(args.out / RECORD, dict(record, complete=True))
    print(f'{args.out}: {len(images)} images, {number} made, {len(images) - number} were right')


if __name__ == '__main__':
    main()
