"""The stages of a fine-tuning: training with its test, and the report."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from mmaddp.own.finetuning.coco_data import CocoData
from mmaddp.own.finetuning.labelled import Labelled
from mmaddp.own.finetuning.plan import Cost, Plan
from mmaddp.own.finetuning.write import config_file, train_command
from mmaddp.own.plan_table import Choice
from mmaddp.own.stage import Figure, Stage
from mmaddp.own.stage_folder import StageFolder
from mmaddp.run.runs.scalars import last_scalars

# Of each task: name of the scalar -> figure, protocol. Scalars of mmpretrain and mmsegmentation are
# percentages.
FIGURES = dict(
    classify={'accuracy/top1': (Figure('accuracy, %', '{:.1f}'), 'one view, its middle')},
    detect={
        'coco/bbox_mAP': (Figure('box AP', '{:.3f}'), 'mean over IoU 0.50 to 0.95'),
        'coco/bbox_mAP_50': (Figure('box AP at IoU 0.50', '{:.3f}'), 'as COCO does'),
    },
    segment={
        'mIoU': (Figure('mIoU, %', '{:.2f}'), 'windows over the whole picture'),
        'aAcc': (Figure('pixels, %', '{:.2f}'), 'right ones, of all that are not ignored'),
    },
)
MASKS = {'coco/segm_mAP': (Figure('mask AP', '{:.3f}'), 'mean over IoU 0.50 to 0.95')}


@dataclass(frozen=True)
class Finetuning(StageFolder):
    """One fine-tuning in its folder.

    Attributes:
        found (Labelled): The pictures.
        plan (Plan): What is trained.
        cost (Cost): What was measured.
        choices (list[Choice]): The plan as it is shown.
    """

    found: Labelled
    plan: Plan
    cost: Cost
    choices: list[Choice]

    def config_of(self, stage: str) -> Optional[Path]:
        """Configuration of the training."""
        return config_file(self.out) if stage == 'train' else None

    def made_from(self, stage: str) -> list[Path]:
        """The folders of training and report."""
        return [self.out / 'train', self.out / 'report']

    def seconds_of(self, stage: str) -> float:
        """Time of the training."""
        return self.plan.steps * self.cost.step if stage == 'train' else 0.0

    def figures(self) -> dict[str, tuple[Figure, str]]:
        """What the test measures, with its protocol."""
        has_masks = isinstance(self.found, CocoData) and self.found.with_mask
        return FIGURES[self.plan.task] | (MASKS if has_masks else {})


def train(tuning: Finetuning) -> dict:
    """Train, and test the last checkpoint on the held-out pictures."""
    _, _, *arguments = train_command(tuning.out)
    tuning.call('train.py', *arguments, log='train')
    scalars = last_scalars(tuning.out / 'train')
    return {name: scalars[name] for name in tuning.figures()}


def stages(tuning: Finetuning, report: Callable[[Finetuning], dict]) -> tuple[Stage, ...]:
    """All stages, the report last."""
    figures = {name: figure for name, (figure, _) in tuning.figures().items()}
    return Stage('train', train, figures), Stage('report', report, {})
