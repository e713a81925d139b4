"""The weights of an earlier pre-training, to continue from."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Union

from mmaddp.own.plan import STAGES, Plan, Wishes
from mmaddp.weights.latest import newest_checkpoint

PLAN_FILE = 'plan.json'


@dataclass(frozen=True)
class Start:
    """An earlier pre-training.

    Attributes:
        plan (Plan): Its sizes are those of the new one.
        files (dict[str, str]): Its newest checkpoint, by stage.
    """

    plan: Plan
    files: dict[str, str]


def read_start(folder: Union[str, Path]) -> Start:
    """Find the checkpoints of an earlier pre-training.

    Args:
        folder (str | Path): What ``--out`` was.

    Raises:
        ValueError: It is no folder of a pre-training, or one that was not finished.
    """
    folder = Path(folder).expanduser().resolve()
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
    return Start(plan, {stage: str(file) for stage, file in found.items()})


def continued(plan: Plan, start: Start, wishes: Wishes) -> Plan:
    """A plan with the sizes of an earlier one, which its weights are of.

    Args:
        plan (Plan): Made for the new pictures.
        start (Start): The earlier pre-training.
        wishes (Wishes): What is fixed; it must not contradict the weights.

    Raises:
        ValueError: Other sizes are asked for than the weights have.
    """
    earlier = start.plan
    sizes = dict(size=earlier.size, resolution=earlier.resolution, grid=earlier.grid)
    for name, value in sizes.items():
        if getattr(wishes, name) not in (None, 'auto', value):
            raise ValueError(
                f'--{name} {getattr(wishes, name)} does not fit the weights of --from '
                f'{wishes.start}, which are of {name} {value}: leave it out.'
            )
    return replace(
        plan,
        size=earlier.size,
        resolution=earlier.resolution,
        grid=earlier.grid,
        num_codes=earlier.num_codes,
        crop=earlier.crop,
        start=start.files,
    )
