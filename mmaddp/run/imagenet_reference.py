"""Makes the reference for FID on ImageNet from the validation set."""

import hashlib
import io
import json
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
from mmaddp.utils.atomic import remove_unfinished, write_bytes, write_json
from mmaddp.utils.listing import list_pictures
from mmaddp.utils.open_picture import open_picture

# Name of the PNG text that holds the SHA-256 of the source file.
SOURCE_KEY = 'source sha256'


def prepare_reference(
    images: Path, out: Path, size: int, expect: Optional[int], num_workers: int
) -> str:
    """Make whatever is missing from the reference or wrong in it.

    Args:
        images (Path): Folder of the originals.
        out (Path): Folder of the PNG files.
        size (int): Side of the results in pixels.
        expect (int, optional): Required number of originals; None for any.
        num_workers (int): Number of processes.

    Returns:
        str: What is there now.

    Raises:
        FileNotFoundError: There is no original.
        ValueError: An original cannot be read, or a folder holds something else.
    """
    found = find_images(images, expect)
    transform = f'Resize({size}, bilinear, antialias) CenterCrop({size})'
    check_folder(out, list(found), transform)
    record = dict(
        transform=transform,
        num_images=len(found),
        complete=False,
        versions=dict(pillow=PIL.__version__, torchvision=torchvision.__version__),
    )
    write_json(out / RECORD, record)
    work = partial(convert, out=out, size=size)
    with ProcessPoolExecutor(num_workers) as pool:
        made = pool.map(work, found.items(), chunksize=16)
        number = sum(track(made, total=len(found), description='Preparing'))
    write_json(out / RECORD, dict(record, complete=True))
    return f'{out}: {len(found)} images, {number} made, {len(found) - number} were right'


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
    """Make one result unless it is already there and correct.

    Args:
        item (tuple[Path, Path]): Relative path of the result; the original.
        out (Path): Folder of the results.
        size (int): Side in pixels.

    Returns:
        bool: Whether it was made.

    Raises:
        ValueError: The original cannot be read.
        OSError: The result cannot be written, or cannot be read back.
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
        raise OSError(f'{target} was written but cannot be read back: check the disk.')
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
                and image.info.get(SOURCE_KEY) == sha256
            )
    except (OSError, SyntaxError, ValueError):
        return False


def check_folder(out: Path, targets: Sequence[Path], transform: str) -> None:
    """Refuse a folder that holds something else, and remove what a killed run left behind.

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
