"""The pictures as they are trained on: divided, and no larger than needed."""

import io
import math
import os
import random
import shutil
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image
from rich.progress import track

from mmaddp.datasets.channels import LoadChannels
from mmaddp.datasets.samples import decode_samples, encode_samples
from mmaddp.own.look import MANY, Look, Picture
from mmaddp.own.plan import Plan

JPEG_QUALITY = 95
# Pictures that are written to memory to find out how large they are.
PICTURES_TRIED = 16
# Bytes per parameter of a checkpoint: the weights and two averages of the optimiser.
BYTES_PER_PARAMETER = 12
# Checkpoints of each training that lie on the disk at once, while one is being written.
CHECKPOINTS = 2
SPLITS = ('train', 'val')


def divide(found: Look, plan: Plan) -> dict[str, list[Picture]]:
    """Draw the held-out pictures, of each class its share.

    Args:
        found (Look): The pictures.
        plan (Plan): Says how many, and the seed.

    Returns:
        dict[str, list[Picture]]: 'train' and 'val', in alphabetical order.
    """
    classes = defaultdict(list)
    for picture in found.pictures:
        classes[found.class_of(picture)].append(picture)
    shuffled = random.Random(plan.seed).sample
    # The place of a picture in its class, in [0, 1): classes of every size are mixed evenly.
    places = [
        ((number + 0.5) / len(group), name, picture.file, picture)
        for name, group in sorted(classes.items())
        for number, picture in enumerate(shuffled(group, len(group)))
    ]
    order = [picture for *_, picture in sorted(places, key=lambda place: place[:3])]
    val = {picture.file for picture in order[: plan.num_val]}
    return dict(
        train=[picture for picture in found.pictures if picture.file not in val],
        val=[picture for picture in found.pictures if picture.file in val],
    )


def write_pictures(found: Look, plan: Plan, folder: Path) -> dict[str, int]:
    """Write the pictures of both splits, shrunk to what the augmentation needs.

    A picture keeps its place and name; '.png' is added ('.jpg', if it was compressed with loss
    before; '.tif' where PNG has no form for it), so that ``a.tif`` and ``a.png`` stay two.

    Args:
        found (Look): The pictures.
        plan (Plan): Says resolution and crop.
        folder (Path): Gets the folders 'train' and 'val'.

    Returns:
        dict[str, int]: Number of pictures, by split.

    Raises:
        OSError: Writing failed.
    """
    splits = divide(found, plan)
    for split, pictures in splits.items():
        for name in {Path(picture.file).parent for picture in pictures}:
            (folder / split / name).mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [
            pool.submit(_write, found.folder / picture.file, folder / split / picture.file, plan)
            for split, pictures in splits.items()
            for picture in pictures
        ]
        for job in track(jobs, 'Writing pictures', disable=len(jobs) < MANY):
            job.result()
    return {split: len(pictures) for split, pictures in splits.items()}


def _write(source: Path, target: Path, plan: Plan) -> None:
    content, suffix = shrunk(source, plan)
    target.with_name(target.name + suffix).write_bytes(content)


def shrunk(source: Path, plan: Plan) -> tuple[bytes, str]:
    """A picture as it is written: the bytes of the file, and its suffix.

    Samples keep their bits and their units; the plan's number of channels is given to those of 8
    bits only.
    """
    content = source.read_bytes()
    lossy = content[:2] == b'\xff\xd8' or content[8:12] == b'WEBP'
    samples = decode_samples(content)
    # The smallest crop still has the resolution.
    side = math.ceil(plan.resolution / math.sqrt(plan.crop))
    if samples.dtype != np.uint8 or samples.shape[2] not in (1, 3):
        return encode_samples(shrunk_samples(samples, side))
    samples = LoadChannels(plan.channels).convert(samples)
    image = Image.fromarray(samples)
    if min(image.size) > side:
        size = smaller_size(*image.size, side)
        image = image.resize(size, Image.Resampling.BICUBIC, reducing_gap=3.0)
    stream = io.BytesIO()
    if lossy:
        image.save(stream, 'JPEG', quality=JPEG_QUALITY, subsampling=0)
    else:
        image.save(stream, 'PNG')
    return stream.getvalue(), '.jpg' if lossy else '.png'


def smaller_size(width: int, height: int, side: int) -> tuple[int, int]:
    """Width and height with a shorter side of ``side`` pixels."""
    scale = side / min(width, height)
    return max(round(scale * width), side), max(round(scale * height), side)


def shrunk_samples(samples: np.ndarray, side: int) -> np.ndarray:
    """Samples (H, W, C) of any kind with a shorter side of at most ``side`` pixels."""
    height, width, channels = samples.shape
    if min(height, width) <= side:
        return samples
    size = smaller_size(width, height, side)
    planes = [
        Image.fromarray(samples[..., channel].astype(np.float32)).resize(
            size, Image.Resampling.BICUBIC
        )
        for channel in range(channels)
    ]
    small = np.stack([np.asarray(plane) for plane in planes], axis=-1)
    if samples.dtype == np.float32:
        return small
    return small.round().clip(0, np.iinfo(samples.dtype).max).astype(samples.dtype)


def space_needed(found: Look, plan: Plan, parameters: Sequence[int]) -> int:
    """Bytes that a plan writes, estimated from some pictures and the sizes of the models.

    Args:
        found (Look): The pictures.
        plan (Plan): The plan.
        parameters (Sequence[int]): Numbers of parameters of the models.
    """
    every = max(1, len(found.pictures) // PICTURES_TRIED)
    tried = [
        len(shrunk(found.folder / picture.file, plan)[0]) for picture in found.pictures[::every]
    ]
    pictures = len(found.pictures) * sum(tried) / len(tried)
    tokens = 2 * plan.views * plan.num_train * plan.grid**2
    checkpoints = CHECKPOINTS * BYTES_PER_PARAMETER * sum(parameters)
    return round(pictures + tokens + checkpoints)


def check_space(out: Path, needed: int) -> None:
    """Raise if the disk of a folder, which need not exist yet, is too full.

    Raises:
        OSError: Less is free than needed.
    """
    place = next(folder for folder in (out, *out.parents) if folder.exists())
    free = shutil.disk_usage(place).free
    if free < needed:
        raise OSError(
            f'{out}: the plan needs about {needed / 1e6:.0f} MB, but {free / 1e6:.0f} MB are free '
            'on this disk. Nothing was written: choose another --out, or make room.'
        )
