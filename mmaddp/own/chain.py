"""The stages of a pre-training, each of them resumable."""

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mmaddp.own.judge import check_tokenizer, judge_predictor, judge_tokenizer
from mmaddp.own.look import Look
from mmaddp.own.plan import STAGES as TRAININGS
from mmaddp.own.plan import Cost, Plan
from mmaddp.own.plan_table import Choice
from mmaddp.own.prepare import write_pictures
from mmaddp.own.progress import shorten
from mmaddp.own.stage import Figure, Stage, StageFailed, duration, last_scalars
from mmaddp.own.tool_process import run_tool
from mmaddp.own.write import config_file, train_command
from mmaddp.utils.atomic import write_json
from mmaddp.utils.carried import carried
from mmaddp.utils.hashing import file_sha256
from mmaddp.utils.own_folders import new_folder
from mmaddp.weights.latest import newest_checkpoint

MAKER = 'pretrain'


@dataclass(frozen=True)
class Chain:
    """One pre-training in its folder.

    Attributes:
        out (Path): The folder.
        found (Look): The pictures.
        plan (Plan): What is trained.
        costs (dict[str, Cost]): What was measured of the trainings.
        choices (list[Choice]): The plan as it is shown.
    """

    out: Path
    found: Look
    plan: Plan
    costs: dict[str, Cost]
    choices: list[Choice]

    def result(self, stage: str) -> dict:
        """Seconds, figures and settings of a finished stage; empty if it has not finished."""
        try:
            return json.loads(self._file(stage).read_text())
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise ValueError(
                f'{self._file(stage)} is damaged: {error}. Delete it to repeat the end of the '
                'stage.'
            ) from error

    def checkpoint(self, stage: str) -> Path:
        """Newest checkpoint of a training."""
        found = newest_checkpoint(self.out / stage)
        if found is None:
            raise StageFailed(f'{self.out / stage} holds no checkpoint.')
        return Path(found)

    def complete(self, chosen: tuple[Stage, ...]) -> None:
        """Run the stages that have no result, in order.

        Raises:
            StageFailed: A stage could not be run to its end, or a check failed.
            ValueError: The configuration of a finished stage was changed.
        """
        for number, stage in enumerate(chosen, 1):
            place = f'== stage {number} of {len(chosen)}: {stage.name}'
            result = self.result(stage.name)
            if result:
                self._check_unchanged(stage.name, result)
                print(f'{place} is done', flush=True)
            else:
                print(f'{place} ... {self._time_left(chosen[number - 1 :])}', flush=True)
                result = self._carry_out(stage)
            for line in stage.describe([result], smoke=False):
                print('  ', line)
            print(f'   {stage.name} took {duration(result["seconds"])}', flush=True)

    def _carry_out(self, stage: Stage) -> dict:
        started = time.monotonic()
        settings = self._settings(stage.name)
        figures = stage.run(self)
        result = dict(seconds=time.monotonic() - started, figures=figures, settings=settings)
        write_json(self._file(stage.name), result)
        return result

    def train(self, stage: str) -> None:
        """Train a stage's configuration, from its newest checkpoint on if there is one."""
        _, _, *arguments = train_command(stage, self.out)
        self.call('train.py', *arguments, log=stage)

    def call(self, tool: str, *arguments: object, log: str) -> None:
        """Run one of the tools; its output goes to ``logs/``, progress to the screen."""
        file = self.out / 'logs' / f'{log}.log'
        file.parent.mkdir(exist_ok=True)
        run_tool(carried('tools') / tool, list(map(str, arguments)), self.out, file, shorten)

    def _file(self, stage: str) -> Path:
        return self.out / 'stages' / f'{stage}.json'

    def _settings(self, stage: str) -> dict:
        """What a training is made with: the configuration, by its hash."""
        if stage not in TRAININGS:
            return {}
        return dict(config_sha256=file_sha256(config_file(stage, self.out)))

    def _check_unchanged(self, stage: str, result: dict) -> None:
        if result.get('settings') != self._settings(stage):
            later = ' and '.join(f'{self.out / name}' for name in self._from(stage))
            raise ValueError(
                f'{config_file(stage, self.out)} was changed after its stage had finished. Undo '
                f'the change; or, to train again with it, delete {self._file(stage)} and those of '
                f'the stages behind it, and the folders {later}.'
            )

    def _from(self, stage: str) -> list[str]:
        names = ['tokenizer', 'tokens', 'predictor', 'addp']
        return names[names.index(stage) :]

    def _time_left(self, rest: tuple[Stage, ...]) -> str:
        seconds = [
            self.plan.steps(stage.name) * self.costs[stage.name].seconds_per_step
            for stage in rest
            if stage.name in TRAININGS
        ]
        return f'(about {duration(sum(seconds))} of training left)' if seconds else ''


def prepare(chain: Chain) -> dict:
    """Divide the pictures and write them as they are trained on."""
    folder = chain.out / 'data'
    if not folder.exists():
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
