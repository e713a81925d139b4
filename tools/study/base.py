"""What all arms of the study share: pictures, tokenizer, cached tokens and a judge."""

from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from mmaddp.datasets.preparation.sources import load_fashion_mnist_source
from mmaddp.datasets.preparation.writers import write_classification
from mmaddp.own.judge import judge_tokenizer
from mmaddp.own.stage import Figure, Stage, cfg_options
from mmaddp.own.stage_folder import StageFolder
from mmaddp.run.runs.scalars import last_scalars
from mmaddp.utils.carried import carried
from mmaddp.utils.own_folders import new_folder

MAKER = 'study'
CONFIGS = carried('configs') / 'study'
TOKENIZER = 'vqgan-f4_1xb64-1e_fashion-32px.py'
JUDGE = 'judge-resnet18-w16_1xb128-2e_fashion-32px.py'
SIDE = 32
# Augmented versions of each picture in the token cache.
VIEWS = 2
# Of a smoke run: pictures of each split.
FEW = dict(train=160, val=80)


@dataclass(frozen=True)
class StudyFolder(StageFolder):
    """A folder of stages whose configurations are those of configs/study.

    Attributes:
        fashion (Path): Folder of Fashion-MNIST's four files.
        smoke (bool): Whether everything is cut to a few iterations.
    """

    fashion: Path
    smoke: bool

    def config_of(self, stage: str) -> Optional[Path]:
        """None: what a training is given lies in its own folder."""
        return None

    def made_from(self, stage: str) -> list[Path]:
        """The folder of the stage."""
        return [self.out / stage]

    def seconds_of(self, stage: str) -> float:
        """Not known before."""
        return 0.0

    def train(self, stage: str, config: str, options: dict) -> dict[str, float]:
        """Train a configuration, from its newest checkpoint on; return its last scalars.

        Args:
            stage (str): Name of its folder.
            config (str): File in configs/study.
            options (dict): Settings.
        """
        short = {'train_cfg.max_epochs': 1, 'param_scheduler.warmup': 0} if self.smoke else {}
        arguments = cfg_options({**options, **short})
        folder = self.out / stage
        self.call(
            'train.py', CONFIGS / config, '--work-dir', folder, '--resume', *arguments, log=stage
        )
        return last_scalars(folder)


@dataclass(frozen=True)
class Base(StudyFolder):
    """The shared part, made once with seed 0."""

    @property
    def pictures(self) -> Path:
        """Folder of the pictures, which holds train, val and meta."""
        return self.out / 'data'

    @property
    def tokens(self) -> Path:
        """Folder of the cached tokens."""
        return self.out / 'tokens' / 'cache'

    def data_options(self, *splits: str) -> dict[str, Path]:
        """Settings that let a training, and its validation, read the pictures."""
        loader = '{}_dataloader.dataset.dataset.data_root'
        return {loader.format(split): self.pictures / split for split in splits or ('train', 'val')}


def write_data(base: Base) -> dict:
    """Write the pictures into class folders."""
    source = load_fashion_mnist_source(base.fashion)
    if base.smoke:
        for name, count in FEW.items():
            source.splits[name] = source.splits[name].cut(slice(count))
    if not base.pictures.exists():
        with new_folder(base.pictures, MAKER) as unfinished:
            write_classification(unfinished, source, SIDE)
    return {name: len(split.names) for name, split in source.splits.items()}


def train_tokenizer(base: Base) -> dict:
    """Train the tokenizer; judge it on the test pictures."""
    options = base.data_options() | ({'model.quantize_start': 1} if base.smoke else {})
    base.train('tokenizer', TOKENIZER, options)
    return judge_tokenizer(base.out / 'tokenizer' / TOKENIZER, base.checkpoint('tokenizer'), 'cpu')


def cache_tokens(base: Base) -> dict:
    """Encode all training pictures."""
    arguments = (base.out / 'tokenizer' / TOKENIZER, base.checkpoint('tokenizer'))
    options = ('--out', base.tokens, '--num-views', VIEWS, '--num-workers', 0, '--seed', 0)
    base.call('dataset_converters/cache_tokens.py', *arguments, *options, log='tokens')
    return {}


def train_judge(base: Base) -> dict:
    """Train the classifier whose features compare generated pictures with real ones."""
    scalars = base.train('judge', JUDGE, base.data_options())
    return dict(top1=scalars['accuracy/top1'] / 100)


STAGES = (
    Stage(
        'data',
        write_data,
        dict(train=Figure('pictures', '{:,.0f}'), val=Figure('test pictures', '{:,.0f}')),
    ),
    Stage(
        'tokenizer',
        train_tokenizer,
        dict(
            psnr=Figure('PSNR of test pictures, dB', '{:.1f}'),
            usage=Figure('codes in use', '{:.0%}'),
        ),
    ),
    Stage('tokens', cache_tokens, {}),
    Stage('judge', train_judge, dict(top1=Figure('top-1 of the judge', '{:.1%}'))),
)
