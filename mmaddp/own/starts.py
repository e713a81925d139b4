"""The weights that a pre-training continues from: an earlier one's, or released ones."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Optional

from mmaddp.own.plan import STAGES, Plan, Wishes
from mmaddp.weights.known_weights import SCHEME
from mmaddp.weights.latest import newest_checkpoint

PLAN_FILE = 'plan.json'
# Size -> its released weights, by stage.
RELEASED = {
    size: dict(
        tokenizer=f'{SCHEME}vqgan',
        predictor=f'{SCHEME}mage-vit-{size}',
        addp=f'{SCHEME}addp-vit-{size}',
    )
    for size in ('base', 'large')
}


@dataclass(frozen=True)
class Start:
    """Weights and their sizes.

    Attributes:
        size (str): See :class:`mmaddp.own.plan.Plan`; so are the next three.
        resolution (int): Pixels along each side.
        grid (int): Tokens along each side.
        num_codes (int): Size of the codebook.
        channels (int): Channels of the pictures.
        pixel_mean (float, optional): What the encoder's input is reduced by.
        pixel_std (float, optional): What it is divided by.
        files (dict[str, str]): Checkpoints or addresses, by stage.
    """

    size: str
    resolution: int
    grid: int
    num_codes: int
    channels: int
    pixel_mean: Optional[float]
    pixel_std: Optional[float]
    files: dict[str, str]


def read_start(source: str) -> Start:
    """Find the weights of an earlier pre-training, or released ones.

    Args:
        source (str): What ``--out`` was, or ``mmaddp://addp-vit-base`` or ``-large``.

    Raises:
        ValueError: It is neither, or a pre-training that was not finished.
    """
    for size, files in RELEASED.items():
        if source == files['addp']:
            return Start(size, 256, 16, 1024, 3, None, None, files)
    if source.startswith(SCHEME):
        names = ' and '.join(files['addp'] for files in RELEASED.values())
        raise ValueError(f'--from {source}: there are {names}, and folders of earlier runs.')
    folder = Path(source).expanduser().resolve()
    try:
        plan = Plan(**json.loads((folder / PLAN_FILE).read_text())['plan'])
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ValueError(
            f'--from {folder} is not the --out of an earlier mmaddp pretrain: its {PLAN_FILE} '
            f'cannot be read ({error}).'
        ) from error
    found = {stage: newest_checkpoint(folder / stage) for stage in STAGES}
    absent = [stage for stage, file in found.items() if file is None]
    if absent:
        raise ValueError(
            f'--from {folder}: there is no checkpoint of {" and ".join(absent)} in it. Finish it '
            'first, with the command that made it.'
        )
    files = {stage: str(file) for stage, file in found.items()}
    sizes = (plan.size, plan.resolution, plan.grid, plan.num_codes, plan.channels)
    return Start(*sizes, plan.pixel_mean, plan.pixel_std, files)


def continued(plan: Plan, start: Start, wishes: Wishes) -> Plan:
    """A plan with the sizes of the weights that it continues from.

    Args:
        plan (Plan): Made for the pictures.
        start (Start): The weights.
        wishes (Wishes): What is fixed; it must not contradict the weights.

    Raises:
        ValueError: Other sizes are asked for than the weights have.
    """
    for name in ('size', 'resolution', 'grid', 'channels'):
        asked, value = getattr(wishes, name), getattr(start, name)
        if asked not in (None, 'auto', value):
            raise ValueError(
                f'--{name} {asked} does not fit the weights of --from {wishes.start}, which are of '
                f'{name} {value}: leave it out.'
            )
    return replace(
        plan,
        size=start.size,
        resolution=start.resolution,
        grid=start.grid,
        num_codes=start.num_codes,
        pixel_mean=start.pixel_mean,
        pixel_std=start.pixel_std,
        start=start.files,
    )
