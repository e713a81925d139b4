"""The embedded digits as a chain of mmaddp, with the settings of configs/quickstart."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from mmengine.config import Config
from mmengine.device import get_device

from mmaddp.datasets.preparation.pipeline import prepare
from mmaddp.datasets.preparation.sources import load_digits_source
from mmaddp.own import chain
from mmaddp.own.judge import judge_tokenizer
from mmaddp.own.look import look
from mmaddp.own.plan import STAGES, Plan
from mmaddp.own.plan_table import Choice
from mmaddp.own.plan_time import Cost
from mmaddp.own.report import FIGURES, PICTURES, write_report
from mmaddp.own.stage import Stage
from mmaddp.own.write import checkpoint_file, config_file
from mmaddp.run.runs.scalars import last_scalars
from mmaddp.utils.atomic import write_json, write_text
from mmaddp.utils.own_folders import check_own, claim_folder, remove_folder

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CONFIGS = ROOT / 'configs' / 'quickstart'
# Goes into the mark of the folders that the quickstart makes and may delete.
MAKER = 'quickstart'
NAMES = dict(
    tokenizer='vqgan-f8_1xb32-7e_digits-32px.py',
    predictor='mage-w96_1xb64-80e_digit-tokens.py',
    addp='addp-vit-w96-p8_1xb64-40e_digit-tokens.py',
)
LIMITS = dict(psnr=18, usage=0.5)
# A smoke run takes every so-manieth digit.
SMOKE_SHARE = 8
SCENES = dict(train=800, val=200)


@cache
def make_data(folder: Path, smoke: bool) -> Path:
    """Write digits and scenes, unless they are there; return the folder of the digits."""
    source, scenes = load_digits_source(), SCENES
    if smoke:
        scenes = dict(train=20, val=4)
        for split, glyphs in source.splits.items():
            source.splits[split] = glyphs.cut(slice(None, None, SMOKE_SHARE))
    prepare(folder, source, 'some digits' if smoke else 'digits', 32, 128, scenes)
    return folder / 'classification'


@dataclass(frozen=True)
class Digits(chain.Chain):
    """One pass with one seed.

    Attributes:
        smoke (bool): Whether every stage is cut to a few iterations.
    """

    smoke: bool

    @classmethod
    def of(cls, work_dir: Path, seed: int, smoke: bool) -> 'Digits':
        """Make the data and the plan, which is fixed."""
        found = look(make_data(work_dir / 'data' / 'digits', smoke) / 'train')
        configs = {stage: Config.fromfile(CONFIGS / name) for stage, name in NAMES.items()}
        plan = Plan(
            size='tiny',
            resolution=32,
            grid=4,
            num_codes=32,
            num_train=len(list(found.folder.glob('*/*.png'))),
            num_val=len(list(found.folder.parent.glob('val/*/*.png'))),
            flip=False,
            crop=1.0,
            views=4,
            device=get_device(),
            seed=seed,
            batch={stage: config.train_dataloader.batch_size for stage, config in configs.items()},
            epochs={
                stage: 1 if smoke else config.train_cfg.max_epochs
                for stage, config in configs.items()
            },
        )
        costs = dict.fromkeys(STAGES, Cost(0, 0))
        choices = [Choice('all settings', 'fixed', 'those of configs/quickstart')]
        return cls(work_dir / f'seed{seed}', found, plan, costs, choices, smoke)

    @property
    def pictures(self) -> Path:
        """Folder of the digits."""
        return self.found.folder.parent

    def write_configs(self) -> None:
        """Write the configurations that are not there."""
        for stage in STAGES:
            file = config_file(stage, self.out)
            if not file.exists():
                config = Config()
                config.merge_from_dict(self._options(stage))
                write_text(file, f'_base_ = {str(CONFIGS / NAMES[stage])!r}\n{config.pretty_text}')

    def _options(self, stage: str) -> dict:
        """What a run has of its own: places, seed and, of a smoke run, the length."""
        tokens = {'train_dataloader.dataset.dataset.data_root': str(self.out / 'tokens' / 'cache')}
        weights = {part: str(checkpoint_file(part, self.plan, self.out)) for part in STAGES}
        generator = 'model.target_generator.{}.init_cfg.checkpoint'
        options = dict(
            tokenizer=data_options(self.pictures, 'dataset.dataset.')
            | ({'model.quantize_start': 2} if self.smoke else {}),
            predictor={**tokens, 'model.tokenizer.init_cfg.checkpoint': weights['tokenizer']},
            addp={
                **tokens,
                generator.format('tokenizer'): weights['tokenizer'],
                generator.format('token_predictor'): weights['predictor'],
            },
        )
        return {**options[stage], **self.length(), 'randomness.seed': self.plan.seed}

    def length(self) -> dict:
        """Settings that cut a smoke run's training to an epoch."""
        if not self.smoke:
            return {}
        one = dict.fromkeys(('train_cfg.max_epochs', 'train_cfg.val_interval'), 1)
        return {**one, 'param_scheduler.warmup': 0}

    def train_several(self, stage: str, runs: Mapping[str, tuple[str, dict]]) -> dict[str, dict]:
        """Train configurations side by side.

        Args:
            stage (str): Stage whose folder gets theirs.
            runs (Mapping): Name of each -> its file in configs/quickstart, and settings.

        Returns:
            dict[str, dict]: Name -> the last value of every logged scalar.
        """
        folder = self.out / stage
        jobs = [
            dict(
                config=str(CONFIGS / config),
                work_dir=str(folder / name),
                options={**options, 'randomness.seed': self.plan.seed},
            )
            for name, (config, options) in runs.items()
        ]
        write_json(folder / 'runs.json', jobs)
        self.call(str(HERE / 'train_several.py'), folder / 'runs.json', log=stage)
        return {name: last_scalars(folder / name) for name in runs}

    def starts(self) -> dict[str, dict]:
        """Settings of a training from ADDP and of one from scratch."""
        checkpoint = {'model.backbone.init_cfg.checkpoint': str(self.checkpoint('addp'))}
        return dict(from_addp=checkpoint, from_scratch={'model.backbone.init_cfg': None})

    def forget(self, names: set[str]) -> None:
        """Delete the results of stages; none of them if a folder is not the quickstart's own."""
        for name in names:
            check_own(self.out / name, MAKER)
        for name in names:
            remove_folder(self.out / name, MAKER)
            for file in (self._file(name), config_file(name, self.out)):
                file.unlink(missing_ok=True)

    def _carry_out(self, stage: Stage) -> dict:
        if stage.name != 'data':  # they are shared by all seeds
            claim_folder(self.out / stage.name, MAKER)
        return super()._carry_out(stage)


def data_options(folder: Path, level: str, in_process: bool = False) -> dict:
    """Settings that let a training, and its validation, read a folder.

    Args:
        folder (Path): The folder.
        level (str): Where the data set is in its loader, with dots.
        in_process (bool): Without workers: those of one training would keep the next one waiting
            until they have ended. Defaults to False.
    """
    options: dict = {}
    for loader in ('train_dataloader', 'val_dataloader'):
        options[f'{loader}.{level}data_root'] = str(folder)
        if in_process:
            options |= {f'{loader}.num_workers': 0, f'{loader}.persistent_workers': False}
    return options


def count(digits: Digits) -> dict:
    """The digits are there before anything else is."""
    return dict(train=digits.plan.num_train, val=digits.plan.num_val)


def try_tokenizer(digits: Digits) -> dict:
    """Train the tokenizer for some steps; what it has learnt by then does not matter."""
    digits.train('tokenizer')
    config = config_file('tokenizer', digits.out)
    return judge_tokenizer(config, digits.checkpoint('tokenizer'), digits.plan.device)


def stages(smoke: bool) -> tuple[Stage, ...]:
    """Those of every pre-training, with limits, and with the report's pictures."""
    data, tokenizer, *others, report = chain.stages(write_report, FIGURES)
    figures = {
        name: replace(figure, at_least=LIMITS.get(name))
        for name, figure in tokenizer.figures.items()
    }
    tokenizer = replace(tokenizer, run=try_tokenizer if smoke else tokenizer.run, figures=figures)
    pictures = tuple(replace(picture, file=f'report/{picture.file}') for picture in PICTURES)
    return replace(data, run=count), tokenizer, *others, replace(report, pictures=pictures)
