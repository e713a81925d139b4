"""The plan of a pre-training: sizes, batches and epochs, with a reason for each."""

import math
from dataclasses import asdict, dataclass, field
from typing import NamedTuple, Optional

from mmaddp.own.look import Look, mirror_ratio
from mmaddp.own.pixels import pixel_choices

SIZES = ('tiny', 'small', 'base', 'large')
RESOLUTIONS = (256, 128, 64, 32)
# Pictures may be enlarged by this much.
MOST_ENLARGED = 1.3
# Patches of an encoder, pixels along each side; a tokenizer halves the resolution several times.
PATCHES = (4, 8, 16, 32)
# Mirrored pictures that lie this much farther from the others are no pictures of the set.
MOST_MIRRORED = 1.2
# Share of the pictures that is held out, and the most of them.
HELD_OUT, MOST_HELD_OUT = 0.1, 2000

FEWEST_CODES, MOST_CODES = 32, 1024

STAGES = ('tokenizer', 'predictor', 'addp')
# Longest epoch. Of more pictures an epoch is a part; the next one goes on behind it.
MOST_STEPS_PER_EPOCH = 200
# Pictures per step, by device and stage. On a CPU, twice as many would take twice as long.
LARGEST_BATCH = dict(
    cpu=dict(tokenizer=32, predictor=64, addp=32),
    cuda=dict(tokenizer=64, predictor=256, addp=256),
)


@dataclass(frozen=True)
class Plan:
    """What is trained, and for how long.

    Attributes:
        size (str): One of ``SIZES``.
        resolution (int): Pixels along each side.
        grid (int): Tokens along each side.
        num_codes (int): Size of the codebook.
        num_train (int): Pictures for training.
        num_val (int): Pictures held out.
        flip (bool): Whether pictures are mirrored at random.
        crop (float): Smallest share of a picture's area that a view shows.
        views (int): Augmented versions of a picture in the token cache.
        device (str): 'cuda' or 'cpu'.
        seed (int): Of everything.
        batch (dict[str, int]): Pictures per step, by stage.
        epochs (dict[str, int]): By stage.
        channels (int): Channels of the pictures as the models get them.
        value_range (list, optional): Samples of more than 8 bits that become 0 and 1: two numbers,
            or two lists with one for each channel.
        pixel_mean (float, optional): Mean of pixels in [0, 1]; None for RGB of 8 bits.
        pixel_std (float, optional): Their standard deviation.
        coloured (bool): Whether some pictures are more than grey.
        start (dict[str, str]): Checkpoints or addresses to continue from, by stage; empty for a
            new model.
    """

    size: str
    resolution: int
    grid: int
    num_codes: int
    num_train: int
    num_val: int
    flip: bool
    crop: float
    views: int
    device: str
    seed: int
    batch: dict[str, int]
    epochs: dict[str, int]
    start: dict[str, str] = field(default_factory=dict)
    coloured: bool = False
    channels: int = 3
    value_range: Optional[list] = None
    pixel_mean: Optional[float] = None
    pixel_std: Optional[float] = None

    @property
    def patch(self) -> int:
        """Pixels of a patch along each side."""
        return self.resolution // self.grid

    def steps_per_epoch(self, stage: str) -> int:
        """Steps of one epoch; the incomplete last batch is dropped."""
        return min(self.steps_per_pass(stage), MOST_STEPS_PER_EPOCH)

    def steps_per_pass(self, stage: str) -> int:
        """Steps in which every picture comes once; more than an epoch if there are many."""
        return self.num_train // self.batch[stage]

    def steps(self, stage: str) -> int:
        """All steps of a stage."""
        return self.epochs[stage] * self.steps_per_epoch(stage)

    def to_dict(self) -> dict:
        """Plain types, for a file."""
        return asdict(self)


class Wishes(NamedTuple):
    """What the command line fixes.

    Attributes:
        size (str): One of ``SIZES``, or 'auto'.
        resolution (int, optional): Pixels along each side.
        grid (int, optional): Tokens along each side.
        budget (float): Seconds for all.
        device (str): 'cuda' or 'cpu'.
        seed (int): Of everything.
        start (str, optional): Folder or address of the weights to continue from.
        channels (int, optional): Channels of the pictures.
        value_range (list, optional): Low and high of samples of more than 8 bits.
    """

    size: str
    resolution: Optional[int]
    grid: Optional[int]
    budget: float
    device: str
    seed: int
    start: Optional[str] = None
    channels: Optional[int] = None
    value_range: Optional[list] = None


def candidates(found: Look, wishes: Wishes) -> list[Plan]:
    """Plans without epochs, the most ambitious first.

    Args:
        found (Look): The pictures.
        wishes (Wishes): What is fixed.

    Raises:
        ValueError: Resolution and grid do not go together.
    """
    enlarged = MOST_ENLARGED * found.side
    resolutions = [side for side in RESOLUTIONS if side <= enlarged] or [RESOLUTIONS[-1]]
    if wishes.device == 'cpu':
        resolutions = [side for side in resolutions if side <= 64]
    if wishes.resolution:
        resolutions = [wishes.resolution]
    sizes = _sizes(len(found.pictures), wishes)
    return [_sized(found, wishes, size, resolution) for resolution in resolutions for size in sizes]


def _sizes(number: int, wishes: Wishes) -> list[str]:
    if wishes.size != 'auto':
        return [wishes.size]
    if wishes.device == 'cpu' or number < 3000:
        return ['tiny']
    return ['small', 'tiny'] if number < 100_000 else ['base', 'small', 'tiny']


def _sized(found: Look, wishes: Wishes, size: str, resolution: int) -> Plan:
    number = len(found.pictures)
    num_val = min(max(round(HELD_OUT * number), 4), MOST_HELD_OUT)
    num_train = number - num_val
    grid = wishes.grid or _grid(number, size, resolution, wishes.device)
    _check_grid(resolution, grid)
    largest = LARGEST_BATCH[wishes.device]
    return Plan(
        size=size,
        resolution=resolution,
        grid=grid,
        num_codes=codes_for(num_train * grid * grid),
        num_train=num_train,
        num_val=num_val,
        flip=mirror_ratio(found.thumbnails) < MOST_MIRRORED,
        crop=0.6 if resolution > 32 else 0.8,
        views=8 if number < 2000 else 4 if number < 50_000 else 2,
        device=wishes.device,
        seed=wishes.seed,
        batch={stage: _batch(num_train, largest[stage]) for stage in STAGES},
        epochs={},
        coloured=found.channels > 1,
        **pixel_choices(found, wishes),
    )


def _grid(number: int, size: str, resolution: int, device: str) -> int:
    """4 x 4 for the smallest pictures, 16 x 16 where many large ones carry it, else 8 x 8.

    At 32 pixels a step with 8 x 8 tokens takes about three times as long, and on a CPU the features
    did not make up for that (docs/own_rules.md).
    """
    if resolution <= 32 and (device == 'cpu' or number < 20_000):
        return 4
    if resolution >= 256 and size in ('base', 'large'):
        return 16
    return 8


def _check_grid(resolution: int, grid: int) -> None:
    if resolution % grid or resolution // grid not in PATCHES:
        fitting = [resolution // patch for patch in PATCHES if resolution % patch == 0]
        ways = f'--grid {" or ".join(map(str, fitting))}' if fitting else 'a multiple of 32'
        raise ValueError(
            f'{resolution} pixels cannot be divided into {grid} x {grid} patches of 4, 8, 16 or 32 '
            f'pixels: with --resolution {resolution}, take {ways}.'
        )


def _batch(num_train: int, most: int) -> int:
    """A power of two: at least four steps per epoch, if there are as many pictures."""
    return min(most, 2 ** max(int(math.log2(num_train / 4)), 2))


def codes_for(num_tokens: int) -> int:
    """About one code for 500 tokens of the pictures, a power of two from 32 to 1024."""
    return min(max(2 ** round(math.log2(num_tokens / 500)), FEWEST_CODES), MOST_CODES)
