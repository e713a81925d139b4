"""What a folder of pictures holds, and what is wrong with it."""

import hashlib
import os
import statistics
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional

import numpy as np
from PIL import Image
from rich.progress import track

from mmaddp.datasets.samples import decode_samples
from mmaddp.utils.images import shown_pixels
from mmaddp.utils.listing import list_class_folders, list_pictures
from mmaddp.utils.open_picture import open_picture

# Fewer pictures than this teach nothing.
FEWEST = 16
# A picture must hold one patch of the encoder, in pixels along each side.
SMALLEST_SIDE = 8
# Pictures that are kept as thumbnails, evenly spaced, and their side in pixels.
MOST_THUMBNAILS, THUMBNAIL_SIDE = 400, 16
# Share of the samples that may lie below, and above, the range of a folder, in percent; pixels of a
# picture that are looked at.
OUTSIDE, PIXELS_KEPT = 0.1, 512
# From this number of pictures on, the screen shows how far the work is.
MANY = 2000
# Names shown for each problem; all of them are in the file of the look.
_SHOWN = 5


@dataclass(frozen=True)
class Picture:
    """A picture that can be used.

    Attributes:
        file (str): Path below the folder, with ``/``.
        width (int): Pixels, upright.
        height (int): Pixels, upright.
        kind (str): Format and mode, as in 'PNG, grey' or 'JPEG, colour'.
        lossless (bool): Whether the file format keeps pixels as they are.
        digest (str): Hash of the file.
        channels (int): 1 if it is grey, however it is stored; 3 if it is coloured; or others.
        bits (int): Of a sample: 8, 16, or 32 for floating point.
    """

    file: str
    width: int
    height: int
    kind: str
    lossless: bool
    digest: str
    channels: int = 3
    bits: int = 8


@dataclass
class Look:
    """What :func:`look` found.

    Attributes:
        folder (Path): The folder.
        pictures (list[Picture]): Those that can be used, in alphabetical order.
        classes (list[str]): Names of the sub-folders, if every picture lies in one of several;
            otherwise none.
        left_out (dict[str, dict[str, str]]): Problem -> file -> what exactly.
        passed_over (str): What in the folder is not a picture, in one line.
        thumbnails (np.ndarray): RGB of some of the pictures, uint8, shape (M, 16, 16, 3).
        samples (np.ndarray, optional): Of some pixels of pictures of more than 8 bits, float32,
            shape (N, C).
    """

    folder: Path
    pictures: list[Picture]
    classes: list[str]
    left_out: dict[str, dict[str, str]]
    passed_over: str
    thumbnails: np.ndarray = field(repr=False)
    samples: Optional[np.ndarray] = field(default=None, repr=False)

    @property
    def digest(self) -> str:
        """Hash of all usable pictures and their names."""
        lines = (f'{picture.file} {picture.digest}\n' for picture in self.pictures)
        return hashlib.sha256(''.join(lines).encode(errors='surrogateescape')).hexdigest()

    @property
    def side(self) -> int:
        """Median of the shorter sides, in pixels."""
        return round(statistics.median(min(p.width, p.height) for p in self.pictures))

    @property
    def channels(self) -> int:
        """Channels of the pictures: 3 if some are coloured, 1 if all are grey, or others."""
        return max(picture.channels for picture in self.pictures)

    @property
    def is_deep(self) -> bool:
        """Whether some pictures have more than 8 bits."""
        return any(picture.bits > 8 for picture in self.pictures)

    def measured_range(self) -> list:
        """Low and high that nearly all samples of more than 8 bits lie between.

        Returns:
            list: Two numbers; of other pictures than grey and coloured ones, two lists.
        """
        assert self.samples is not None
        axis = None if self.channels in (1, 3) else 0
        low, high = np.percentile(self.samples, [OUTSIDE, 100 - OUTSIDE], axis=axis)
        if max(picture.bits for picture in self.pictures) == 16:
            low, high = np.floor(low), np.ceil(high)
        return [low.tolist(), np.where(high > low, high, low + 1).tolist()]

    def class_of(self, picture: Picture) -> str:
        """Name of a picture's class, '' if there are no classes."""
        return picture.file.partition('/')[0] if self.classes else ''

    def lines(self) -> list[str]:
        """The findings in plain text."""
        kinds = Counter(picture.kind for picture in self.pictures)
        sides = [min(picture.width, picture.height) for picture in self.pictures]
        listed = ', '.join(f'{number:,} {kind}' for kind, number in kinds.most_common())
        lines = [
            f'{self.folder}: {len(self.pictures):,} pictures ({listed}).',
            f'Shorter sides: {min(sides)} to {max(sides)} pixels, half of them at most '
            f'{self.side}.',
        ]
        if self.classes:
            names = ', '.join(self.classes[:_SHOWN]) + ', ...' * (len(self.classes) > _SHOWN)
            lines.append(f'{len(self.classes)} classes, from the sub-folders: {names}.')
        if len({picture.channels for picture in self.pictures}) > 1:
            lines.append('Grey and coloured pictures are mixed: all are read as RGB.')
        if self.channels not in (1, 3):
            lines.append(f'Of their {self.channels} channels, the first three are drawn.')
        for problem, files in self.left_out.items():
            shown = [f'{file} ({what})' for file, what in list(files.items())[:_SHOWN]]
            more = ', ...' * (len(files) > _SHOWN)
            lines.append(f'Left out, {problem}: {len(files):,}: {", ".join(shown)}{more}.')
        lines += [self.passed_over] * bool(self.passed_over)
        return [line.encode(errors='backslashreplace').decode() for line in lines]


def look(folder: Path) -> Look:
    """Read every picture of a folder, at any depth.

    Args:
        folder (Path): The folder.

    Returns:
        Look: What was found.

    Raises:
        FileNotFoundError: There is no such folder.
        ValueError: It is a file, it holds too few usable pictures, or all of them are equal.
    """
    if not folder.exists():
        raise FileNotFoundError(f'There is no folder {folder}.')
    if not folder.is_dir():
        raise ValueError(f'{folder} is a file: give the folder that holds the pictures.')
    listing = list_pictures(folder, say=False)
    every = max(1, -(-len(listing.files) // MOST_THUMBNAILS))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [
            pool.submit(_examine, folder, file, number % every == 0)
            for number, file in enumerate(listing.files)
        ]
        shown = track(jobs, 'Reading pictures', disable=len(jobs) < MANY)
        found = [job.result() for job in shown]
    left_out: dict[str, dict[str, str]] = {}
    pictures, thumbnails, samples = [], [], []
    seen: dict[str, str] = {}
    for file, result in zip(listing.files, found):
        problem, what = _problem_of(result, seen)
        if problem:
            left_out.setdefault(problem, {})[file] = what
            continue
        picture, thumbnail, some = result
        seen[picture.digest] = file
        pictures.append(picture)
        if thumbnail is not None:
            thumbnails.append(thumbnail)
        if some is not None:
            samples.append(some)
    passed_over = listing.report()
    _check_number(folder, pictures, left_out, passed_over)
    _check_channels(folder, pictures)
    _check_different(folder, np.stack(thumbnails))
    classes = _classes(folder, pictures)
    return Look(
        *(folder, pictures, classes, left_out, passed_over, np.stack(thumbnails)), _joined(samples)
    )


def _examine(folder: Path, file: str, keep: bool):
    """Read one picture: facts, thumbnail, samples of more than 8 bits; or the error."""
    try:
        content = (folder / file).read_bytes()
        samples = decode_samples(content)
    except Exception as error:  # Pillow's decoders raise nearly every type
        return error
    form, bits = _form(content), 8 * samples.dtype.itemsize
    height, width, channels = samples.shape
    channels = 1 if channels == 3 and _is_grey(samples) else channels
    depth = f', {bits} bits' * (bits > 8)
    what = {1: 'grey', 3: 'colour'}.get(channels, f'{channels} channels')
    digest = hashlib.sha256(content).hexdigest()
    lossless = form not in ('JPEG', 'WEBP', 'GIF')
    kind = f'{form}{depth}, {what}'
    picture = Picture(file, width, height, kind, lossless, digest, channels, bits)
    if not keep:
        return picture, None, None
    return picture, _thumbnail(samples), _some_samples(samples) if bits > 8 else None


def _form(content: bytes) -> str:
    """Name of a picture's format; Pillow does not open every TIFF file."""
    try:
        with open_picture(content) as image:
            return image.format
    except ValueError:
        return 'TIFF'


def as_picture(samples: np.ndarray) -> Image.Image:
    """A picture as 8-bit RGB; of more than 8 bits, its own range."""
    if samples.dtype != np.uint8:
        low, high = np.percentile(samples, [OUTSIDE, 100 - OUTSIDE])
        scaled = (samples.astype(np.float32) - low) * (255 / max(high - low, 1e-6))
        samples = scaled.clip(0, 255).astype(np.uint8)
    return Image.fromarray(shown_pixels(samples))


def _thumbnail(samples: np.ndarray) -> np.ndarray:
    """A picture at 16 x 16 as RGB."""
    size = (THUMBNAIL_SIDE, THUMBNAIL_SIDE)
    return np.asarray(as_picture(samples).resize(size, Image.Resampling.BOX))


def _some_samples(samples: np.ndarray) -> np.ndarray:
    """Evenly spaced pixels, float32, shape (N, C)."""
    pixels = samples.reshape(-1, samples.shape[-1])
    return pixels[:: max(1, len(pixels) // PIXELS_KEPT)].astype(np.float32)


def _joined(samples: Sequence[np.ndarray]) -> Optional[np.ndarray]:
    """Pixels of all pictures; where grey and coloured ones are mixed, grey ones become coloured."""
    if not samples:
        return None
    width = max(some.shape[1] for some in samples)
    return np.concatenate([np.broadcast_to(some, (len(some), width)) for some in samples])


def _check_channels(folder: Path, pictures: Sequence[Picture]) -> None:
    """Raise unless all pictures are grey or coloured, or all have the same number of channels."""
    numbers = Counter(picture.channels for picture in pictures)
    if len(numbers) == 1 or set(numbers) == {1, 3}:
        return
    examples = {picture.channels: picture.file for picture in reversed(pictures)}
    listed = [f'{n:,} with {c} (for instance {examples[c]})' for c, n in numbers.most_common()]
    raise ValueError(
        f'{folder} holds pictures of different numbers of channels: {", ".join(listed)}. Give each '
        'kind a folder of its own.'
    )


def _check_different(folder: Path, thumbnails: np.ndarray) -> None:
    """Raise where files differ but pictures do not."""
    if (thumbnails == thumbnails[0]).all():
        raise ValueError(f'All pictures in {folder} look the same: nothing can be learnt.')


def _is_grey(pixels: np.ndarray) -> bool:
    red, green, blue = np.moveaxis(pixels, -1, 0)
    return bool((red == green).all() and (green == blue).all())


def _problem_of(result, seen: dict[str, str]) -> tuple[str, str]:
    """Why a picture is left out, and what exactly; empty if it is not."""
    if isinstance(result, Exception):
        return 'not readable', str(result)
    picture, *_ = result
    if min(picture.width, picture.height) < SMALLEST_SIDE:
        size = f'{picture.width} x {picture.height} pixels'
        return f'smaller than a patch of {SMALLEST_SIDE} x {SMALLEST_SIDE} pixels', size
    if picture.digest in seen:
        return 'the same file twice', f'as {seen[picture.digest]}'
    return '', ''


def _check_number(
    folder: Path, pictures: Sequence[Picture], left_out: dict, passed_over: str
) -> None:
    number = len(pictures)
    twice = len(left_out.get('the same file twice', ()))
    if number == 1 and twice:
        raise ValueError(f'All {twice + 1} pictures in {folder} are equal: nothing can be learnt.')
    if number >= FEWEST:
        return
    reasons = [f'{len(files)} are {problem}' for problem, files in left_out.items()]
    for files in left_out.values():
        file, what = next(iter(files.items()))
        reasons.append(f'for instance {file} ({what})')
    reasons += [passed_over] * bool(passed_over)
    held = 'no picture' if number == 0 else f'{number} picture{"s" * (number > 1)}'
    more = f' ({"; ".join(reasons)})' if reasons else ''
    raise ValueError(
        f'{folder} holds {held} that can be used{more}; at least {FEWEST} different ones are '
        'needed, and some hundred to learn anything.'
    )


def _classes(folder: Path, pictures: Sequence[Picture]) -> list[str]:
    """Sub-folders as classes: several, none of a single picture, and no picture beside them."""
    counts = Counter(picture.file.partition('/')[0] for picture in pictures)
    names = [name for name in list_class_folders(folder) if name in counts]
    whole = sum(counts[name] for name in names) == len(pictures)
    return names if len(names) > 1 and whole and min(counts[n] for n in names) > 1 else []


def mirror_ratio(thumbnails: np.ndarray) -> float:
    """How much farther mirrored pictures lie from the set than the pictures themselves.

    Args:
        thumbnails (np.ndarray): uint8, shape (M, h, w, 3).

    Returns:
        float: Mean distance from a mirrored picture to its nearest other one, over that of the
        pictures as they are. About 1 where left and right make no difference.
    """
    pixels = thumbnails.astype(np.float32).mean(axis=-1)
    as_is = pixels.reshape(len(pixels), -1)
    mirrored = pixels[:, :, ::-1].reshape(len(pixels), -1)
    own, other = _nearest(as_is, as_is), _nearest(mirrored, as_is)
    return float(other.mean() / max(own.mean(), 1e-6))


def _nearest(some: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Distance from each row of ``some`` to the nearest of ``others`` but that of its number."""
    squares = (some**2).sum(1)[:, None] + (others**2).sum(1) - 2 * some @ others.T
    np.fill_diagonal(squares, np.inf)
    return np.sqrt(squares.clip(min=0).min(axis=1))
