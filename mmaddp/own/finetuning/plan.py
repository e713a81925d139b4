"""The plan of a fine-tuning: size of the input, batch, rates and length."""

import math
from dataclasses import asdict, dataclass, replace
from typing import NamedTuple, Optional

from mmaddp.own.finetuning.encoder import Encoder
from mmaddp.own.finetuning.labelled import Labelled
from mmaddp.own.plan_table import Choice
from mmaddp.own.plan_time import KEPT_BACK
from mmaddp.utils.durations import duration

TASKS = ('classify', 'detect', 'segment')
# Objects and regions need more pixels than pictures of pre-training have: at most so many times as
# many along each side, and no more than the pictures have.
MOST_ENLARGED = dict(classify=1, detect=4, segment=4)
LARGEST_BATCH = dict(classify=64, detect=4, segment=8)
# Steps below which nothing is learnt, and epochs and steps beyond which little is expected. Our own
# choice.
FEWEST_STEPS, MOST_EPOCHS, MOST_STEPS = 20, 100, 2000
# Depth of an encoder up to which the numbers hold, and for each task the learning rate and the
# batch that it is for, layer decay; then drop path. The first line is the quickstart's, the others
# follow configs/classification, detection and segmentation.
RECIPES = (
    (6, dict(classify=(3.5e-3, 50, 0.65), detect=(2e-3, 4, 0.8), segment=(2e-3, 8, 0.75)), 0.0),
    (12, dict(classify=(5e-4, 64, 0.65), detect=(1e-4, 4, 0.7), segment=(1e-4, 8, 0.65)), 0.1),
    (99, dict(classify=(5e-4, 64, 0.75), detect=(1e-4, 4, 0.8), segment=(1e-4, 8, 0.75)), 0.2),
)


# Depth of an encoder up to which a classifier keeps the norm in front of the blocks; the official
# fine-tuning of the deeper ones drops it.
DEPTH_WITH_NORM = 6


class Cost(NamedTuple):
    """What was measured.

    Attributes:
        step (float): Seconds of a training step, data included.
        picture (float): Seconds of a prediction.
        start (float): Seconds until the program is loaded.
        memory_gib (float): Peak.
    """

    step: float
    picture: float
    start: float
    memory_gib: float


class Wishes(NamedTuple):
    """What the command line fixes.

    Attributes:
        task (str): One of ``TASKS``.
        start (str): The encoder: a folder, a checkpoint or a name.
        budget (float): Seconds for all.
        device (str): 'cuda' or 'cpu'.
        seed (int): Of everything.
        annotations (str, optional): COCO file, for 'detect'.
    """

    task: str
    start: str
    budget: float
    device: str
    seed: int
    annotations: Optional[str] = None


@dataclass(frozen=True)
class Plan:
    """What is trained, and for how long.

    Attributes:
        task (str): One of ``TASKS``.
        side (int): Pixels of the input along its shorter side (detection: along each).
        batch (int): Pictures per step.
        num_train (int): Pictures for training.
        num_val (int): Pictures held out.
        rate (float): Learning rate.
        layer_decay (float): Factor from one layer to the one below.
        drop_path (float): Rate at which paths are dropped.
        pre_norm (bool): Whether a classifier keeps the encoder's norm in front of the blocks.
        seed (int): Of everything.
        device (str): 'cuda' or 'cpu'.
        epochs (int): Passes over the training pictures; 0 before it is known.
    """

    task: str
    side: int
    batch: int
    num_train: int
    num_val: int
    rate: float
    layer_decay: float
    drop_path: float
    pre_norm: bool
    seed: int
    device: str
    epochs: int = 0

    @property
    def steps_per_epoch(self) -> int:
        """Steps of one epoch; the incomplete last batch is dropped."""
        return self.num_train // self.batch

    @property
    def steps(self) -> int:
        """All steps."""
        return self.epochs * self.steps_per_epoch

    def to_dict(self) -> dict:
        """Plain types, for a file."""
        return asdict(self)


def first_plan(found: Labelled, encoder: Encoder, wishes: Wishes) -> Plan:
    """A plan without its length."""
    task, number = wishes.task, found.number('train')
    most = LARGEST_BATCH[task]
    batch = min(most, 2 ** max(int(math.log2(max(number, 1) / 4)), 1))
    _, recipes, drop_path = next(line for line in RECIPES if encoder.depth <= line[0])
    rate, base, decay = recipes[task]
    return Plan(
        task=task,
        side=_side(found, encoder, task),
        batch=batch,
        num_train=number,
        num_val=found.number('val'),
        rate=float(f'{rate * math.sqrt(batch / base):.2g}'),
        layer_decay=decay,
        drop_path=drop_path,
        pre_norm=encoder.depth <= DEPTH_WITH_NORM,
        seed=wishes.seed,
        device=wishes.device,
    )


def _side(found: Labelled, encoder: Encoder, task: str) -> int:
    """A multiple of the size of pre-training, not much larger than the pictures."""
    times = max(1, min(MOST_ENLARGED[task], round(found.side / encoder.img_size)))
    return encoder.img_size * times


def with_length(plan: Plan, cost: Cost, budget: float) -> Plan:
    """Fill the time.

    Args:
        plan (Plan): Without length.
        cost (Cost): What was measured.
        budget (float): Seconds for all.

    Raises:
        ValueError: They do not suffice for the fewest steps.
    """
    seconds = (1 - KEPT_BACK) * budget - _fixed_seconds(plan, cost)
    most = max(MOST_EPOCHS, MOST_STEPS // plan.steps_per_epoch)
    epochs = min(int(seconds / (cost.step * plan.steps_per_epoch)), most)
    if epochs * plan.steps_per_epoch < FEWEST_STEPS:
        least = math.ceil(FEWEST_STEPS / plan.steps_per_epoch) * plan.steps_per_epoch
        needed = (_fixed_seconds(plan, cost) + 1.05 * least * cost.step) / (1 - KEPT_BACK)
        raise ValueError(
            f'A --budget of {budget:g} s is too small: {least} steps, fewer teach nothing, need '
            f'at least {duration(needed)} on this machine.'
        )
    return replace(plan, epochs=epochs)


def _fixed_seconds(plan: Plan, cost: Cost) -> float:
    """Loading, and predictions for the held-out pictures: after training, and for the report."""
    return cost.start + 2 * cost.picture * plan.num_val


def table(plan: Plan, found: Labelled, encoder: Encoder, wishes: Wishes, cost: Cost):
    """The plan, with a reason for each choice."""
    size = f'{encoder.depth} layers, {encoder.width} wide, patches of {encoder.patch_size} pixels'
    measured = f'{1000 * cost.step:.0f} ms per step, {cost.memory_gib:.1f} GiB, measured'
    seconds = plan.steps * cost.step + _fixed_seconds(plan, cost)
    return [
        Choice('encoder', size, f'that of {wishes.start}'),
        Choice('classes', str(len(found.classes)), ', '.join(found.classes[:8])),
        Choice('pictures', f'{plan.num_train} + {plan.num_val}', 'for training, and held out'),
        Choice(
            'input',
            f'{plan.side} pixels',
            f'pre-training had {encoder.img_size}; half of the pictures have at least {found.side}',
        ),
        Choice(
            'mirrored',
            'yes' if found.flip else 'no',
            'whether mirrored pictures or objects look like the others',
        ),
        Choice(
            'learning rate',
            f'{plan.rate:g}',
            f'for {encoder.depth} layers and {plan.batch} pictures per step; {plan.layer_decay:g} '
            'times as much from each layer to the one below',
        ),
        Choice('training', f'{plan.epochs} epochs x {plan.steps_per_epoch} steps', measured),
        Choice('all', duration(seconds), 'of training and testing; the rest is kept back'),
    ]
