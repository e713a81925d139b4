"""The stages of a pre-training, each of them resumable."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from mmaddp.own.judge import check_tokenizer, judge_predictor, judge_tokenizer
from mmaddp.own.look import Look
from mmaddp.own.plan import STAGES as TRAININGS
from mmaddp.own.plan import Plan
from mmaddp.own.plan_table import Choice
from mmaddp.own.plan_time import Cost
from mmaddp.own.prepare import write_pictures
from mmaddp.own.stage import Figure, Stage
from mmaddp.own.stage_folder import StageFolder
from mmaddp.own.write import config_file, train_command
from mmaddp.run.runs.scalars import last_scalars
from mmaddp.utils.own_folders import MARK, new_folder

MAKER = 'pretrain'


@dataclass(frozen=True)
class Chain(StageFolder):
    """One pre-training in its folder.

    Attributes:
        found (Look): The pictures.
        plan (Plan): What is trained.
        costs (dict[str, Cost]): What was measured of the trainings.
        choices (list[Choice]): The plan as it is shown.
    """

    found: Look
    plan: Plan
    costs: dict[str, Cost]
    choices: list[Choice]

    @property
    def pictures(self) -> Path:
        """Folder of the divided pictures, which holds 'train' and 'val'."""
        return self.out / 'data'

    def train(self, stage: str) -> None:
        """Train a stage's configuration, from its newest checkpoint on if there is one."""
        _, _, *arguments = train_command(stage, self.out)
        self.call('train.py', *arguments, log=stage)

    def config_of(self, stage: str) -> Optional[Path]:
        """Configuration of a stage that trains."""
        return config_file(stage, self.out) if stage in TRAININGS else None

    def made_from(self, stage: str) -> list[Path]:
        """Folders of a stage and of those behind it."""
        names = ['tokenizer', 'tokens', 'predictor', 'addp']
        return [self.out / name for name in names[names.index(stage) :]]

    def seconds_of(self, stage: str) -> float:
        """Time that the training of a stage takes, as planned."""
        if stage not in TRAININGS:
            return 0.0
        return self.plan.steps(stage) * self.costs[stage].seconds_per_step


def prepare(chain: Chain) -> dict:
    """Divide the pictures and write them as they are trained on."""
    folder = chain.pictures
    if folder.exists():
        # A start that was killed just before the end of new_folder has left it.
        (folder / MARK).unlink(missing_ok=True)
    else:
        with new_folder(folder, MAKER) as unfinished:
            write_pictures(chain.found, chain.plan, unfinished)
    return dict(train=chain.plan.num_train, val=chain.plan.num_val)


def train_tokenizer(chain: Chain) -> dict:
    """Train the tokenizer, and stop where its tokens would say nothing."""
    chain.train('tokenizer')
    config = config_file('tokenizer', chain.out)
    figures = judge_tokenizer(config, chain.checkpoint('tokenizer'), chain.plan.device)
    check_tokenizer(figures, chain.out)
    return figures


def cache_tokens(chain: Chain) -> dict:
    """Encode all pictures once."""
    arguments = (config_file('tokenizer', chain.out), chain.checkpoint('tokenizer'))
    options = ('--out', chain.out / 'tokens' / 'cache', '--num-views', chain.plan.views)
    workers = ('--num-workers', min(2, os.cpu_count() or 1), '--device', chain.plan.device)
    tool = 'dataset_converters/cache_tokens.py'
    chain.call(tool, *arguments, *options, *workers, '--seed', chain.plan.seed, log='tokens')
    return dict(tokens=chain.plan.num_train * chain.plan.views * chain.plan.grid**2)


def train_predictor(chain: Chain) -> dict:
    """Train the token predictor."""
    chain.train('predictor')
    configs = (config_file('predictor', chain.out), config_file('tokenizer', chain.out))
    return judge_predictor(*configs, chain.checkpoint('predictor'), chain.plan.device)


def train_addp(chain: Chain) -> dict:
    """Pre-train ADDP."""
    chain.train('addp')
    scalars = last_scalars(chain.out / 'addp')
    return {name: scalars[name] for name in ('loss', 'masked_acc')}


def stages(report: Callable[[Chain], dict], figures: dict[str, Figure]) -> tuple[Stage, ...]:
    """All stages, the report last.

    Args:
        report (Callable): Draws and measures, see :func:`mmaddp.own.report.write_report`.
        figures (dict[str, Figure]): What it measures.
    """
    whole = dict(
        train=Figure('pictures for training', '{:,.0f}'), val=Figure('held out', '{:,.0f}')
    )
    tokenizer = dict(
        psnr=Figure('PSNR of held-out pictures, dB', '{:.1f}'),
        psnr_flat=Figure('of their mean colours', '{:.1f}'),
        usage=Figure('codes in use', '{:.0%}'),
    )
    guessed = dict(
        acc_50=Figure('held-out tokens guessed with half of them hidden', '{:.1%}'),
        acc_90=Figure('with 90 % hidden', '{:.1%}'),
    )
    pretraining = dict(
        loss=Figure('loss', '{:.3f}'), masked_acc=Figure('masked-token accuracy', '{:.1%}')
    )
    return (
        Stage('data', prepare, whole),
        Stage('tokenizer', train_tokenizer, tokenizer),
        Stage('tokens', cache_tokens, dict(tokens=Figure('tokens', '{:,.0f}'))),
        Stage('predictor', train_predictor, guessed),
        Stage('addp', train_addp, pretraining),
        Stage('report', report, figures),
    )
