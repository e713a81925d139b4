"""The stages of the quickstart: which commands, and which figures they leave."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

CONFIGS = dict(
    tokenizer='vqgan-f8_1xb32-7e_digits-32px.py',
    predictor='mage-w96_1xb64-80e_digit-tokens.py',
    addp='addp-vit-w96-p8_1xb64-40e_digit-tokens.py',
    judge='judge-resnet18-w16_1xb128-20e_digits-32px.py',
)
MILESTONES = ('Epoch(val)', 'Wrote', ' made', 'accepted')
SECONDS_PER_LINE = 5


class StageFailed(Exception):
    """A command of a stage failed."""


@dataclass(frozen=True)
class Run:
    """One pass through the chain with one seed.

    Attributes:
        root (Path): Root of the repository, where the commands run.
        work_dir (Path): Folder of the quickstart.
        seed (int): Seed of every stage.
        smoke (bool): Whether every stage is cut to a few iterations.
    """

    root: Path
    work_dir: Path
    seed: int
    smoke: bool

    @property
    def data(self) -> Path:
        """Data sets, the same for all seeds."""
        return self.work_dir / 'data'

    def folder(self, stage: str) -> Path:
        """Folder of a stage."""
        return self.data if stage == 'data' else self.work_dir / f'seed{self.seed}' / stage

    def result(self, stage: str) -> dict:
        """Seconds and figures of a finished stage; empty if it is not finished."""
        file = self.folder(stage) / 'stage.json'
        return json.loads(file.read_text()) if file.is_file() else {}

    def config(self, stage: str) -> str:
        """Config file of a stage."""
        return str(Path('configs', 'quickstart', CONFIGS[stage]))

    def checkpoint(self, stage: str) -> Path:
        """Last checkpoint of a trained stage.

        Raises:
            StageFailed: If the stage has not been trained.
        """
        pointer = self.folder(stage) / 'last_checkpoint'
        if not pointer.is_file():
            raise StageFailed(f'stage {stage!r} has no result yet: run --from {stage}')
        return Path(pointer.read_text().strip())

    def complete(self, stage: 'Stage') -> None:
        """Run a stage unless its result exists."""
        if self.result(stage.name):
            print(f'== {stage.name}: exists ({self.folder(stage.name)})', flush=True)
            return
        print(f'== {stage.name} (seed {self.seed})', flush=True)
        folder = self.folder(stage.name)
        folder.mkdir(parents=True, exist_ok=True)
        start = time.monotonic()
        figures = stage.run(self)
        outcome = dict(seconds=time.monotonic() - start, figures=figures)
        partial = folder / '.stage.json.part'
        partial.write_text(json.dumps(outcome, indent=1))
        os.replace(partial, folder / 'stage.json')
        print(f'== {stage.name}: {outcome["seconds"]:.0f} s, {figures}', flush=True)

    def call(self, stage: str, tool: str, *arguments: object) -> None:
        """Run one of the tools; its output goes to the stage's log, progress to the screen.

        Raises:
            StageFailed: If the tool fails; the message ends with its last lines.
        """
        command = [sys.executable, str(Path('tools', tool)), *map(str, arguments)]
        log = self.folder(stage).with_suffix('.log')
        lines = []
        with (
            log.open('a') as file,
            subprocess.Popen(
                command,
                cwd=self.root,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            ) as process,
        ):
            shown = time.monotonic()
            for line in process.stdout:
                file.write(line)
                lines = [*lines[-14:], line]
                due = 'Epoch(' in line and time.monotonic() - shown > SECONDS_PER_LINE
                if due or any(word in line for word in MILESTONES):
                    shown = time.monotonic()
                    print('   ', line.strip(), flush=True)
        if process.returncode:
            raise StageFailed(
                f'{" ".join(command)} failed with status {process.returncode}; the whole log is '
                f'{log}. Its end:\n{"".join(lines)}'
            )

    def train(self, stage: str, **options: object) -> dict:
        """Train a stage's config with tools/train.py.

        Returns:
            dict: The last value of every logged scalar.
        """
        if self.smoke:
            options |= {'train_cfg.max_epochs': 1, 'param_scheduler.warmup': 0}
            options |= {'train_cfg.val_interval': 1}
        options['randomness.seed'] = self.seed
        pairs = [f'{key}={value}' for key, value in options.items()]
        work_dir = ('--work-dir', self.folder(stage))
        self.call(stage, 'train.py', self.config(stage), *work_dir, '--cfg-options', *pairs)
        logs = sorted(self.folder(stage).glob('*/vis_data/scalars.json'))
        scalars = {}
        for line in logs[-1].read_text().splitlines():
            scalars.update(json.loads(line))
        return scalars


@dataclass(frozen=True)
class Stage:
    """A step of the chain.

    Attributes:
        name (str): Name, and folder.
        run (Callable): Does the work and returns the figures for the report.
    """

    name: str
    run: Callable[[Run], dict]


def make_data(run: Run) -> dict:
    scenes = ('--train-scenes', 20, '--val-scenes', 4) if run.smoke else ()
    target = run.data / 'digits'
    run.call('data', 'dataset_converters/prepare_digits.py', '--out', target, *scenes)
    return dict(train_images=len(list((target / 'classification' / 'train').glob('*/*.png'))))


def train_tokenizer(run: Run) -> dict:
    digits = run.data / 'digits' / 'classification'
    roots = {f'{split}_dataloader.dataset.dataset.data_root': digits for split in ('train', 'val')}
    if run.smoke:
        roots['model.quantize_start'] = 10
    scalars = run.train('tokenizer', **roots)
    checkpoint = run.checkpoint('tokenizer')
    cache = run.folder('tokenizer') / 'tokens.safetensors'
    views = ('--num-views', 2 if run.smoke else 4)
    root = ('--cfg-options', f'train_dataloader.dataset.dataset.data_root={digits}')
    arguments = (run.config('tokenizer'), checkpoint, '--out', cache, *views, *root)
    run.call('tokenizer', 'dataset_converters/cache_tokens.py', *arguments)
    return {name: scalars[f'tokenizer/{name}'] for name in ('psnr', 'codebook_usage')}


def _tokens(run: Run) -> dict:
    return {
        'train_dataloader.dataset.dataset.data_file': run.folder('tokenizer') / 'tokens.safetensors'
    }


def train_predictor(run: Run) -> dict:
    digits = run.data / 'digits' / 'classification'
    options = {
        'val_dataloader.dataset.dataset.data_root': digits,
        'model.tokenizer.init_cfg.checkpoint': run.checkpoint('tokenizer'),
    }
    scalars = run.train('predictor', **_tokens(run), **options)
    return {name: scalars[f'masked_token/{name}'] for name in ('acc_50', 'acc_90')}


def _frozen_parts(run: Run) -> dict:
    part = 'model.target_generator.{}.init_cfg.checkpoint'
    return {
        part.format('tokenizer'): run.checkpoint('tokenizer'),
        part.format('token_predictor'): run.checkpoint('predictor'),
    }


def train_addp(run: Run) -> dict:
    scalars = run.train('addp', **_tokens(run), **_frozen_parts(run))
    return dict(masked_acc=scalars['masked_acc'], loss=scalars['loss'])


def generate(run: Run) -> dict:
    folder, config = run.folder('generate'), run.config('addp')
    number = 16 if run.smoke else 512
    options = ('--num-images', number, '--batch-size', 128)
    trained = run.checkpoint('addp')
    out = ('--out', folder / 'trained', '--seed', run.seed)
    run.call('generate', 'generate.py', config, trained, *options, *out)
    _draw_process(run, config, trained)
    return dict(images=number)


def _draw_process(run: Run, config: str, checkpoint: Path) -> None:
    digits = run.data / 'digits' / 'classification' / 'val'
    shown = [sorted(folder.glob('*.png'))[run.seed] for folder in sorted(digits.iterdir())]
    arguments = (config, checkpoint, *shown, '--out', run.folder('generate'), '--zoom', 2)
    run.call('generate', 'analysis_tools/visualize_addp.py', *arguments)


def judge(run: Run) -> dict:
    """Train the judge; let it look at generated, untrained and real pictures."""
    folder, config = run.folder('judge'), run.config('addp')
    weights = [f'{key}={file}' for key, file in _frozen_parts(run).items()]
    untrained = folder / 'untrained.pth'
    save = (config, '--out', untrained, '--seed', run.seed, '--cfg-options', *weights)
    run.call('judge', 'misc/save_untrained.py', *save)
    options = ('--num-images', 16 if run.smoke else 512, '--batch-size', 128)
    for name, seed in (('known', run.seed + 1000), ('fresh', run.seed + 2000)):
        out = ('--out', folder / f'untrained_{name}', '--seed', seed)
        run.call('judge', 'generate.py', config, untrained, *options, *out)
    digits = run.data / 'digits' / 'classification'
    data = folder / 'data'
    sources = ('--digits', digits, '--untrained', folder / 'untrained_known' / 'images')
    run.call('judge', 'misc/make_judge_data.py', *sources, '--out', data)
    roots = {'train_dataloader.dataset.dataset.data_root': data}
    roots |= {'val_dataloader.dataset.data_root': data}
    run.train('judge', **roots)
    folders = dict(
        generated=run.folder('generate') / 'trained' / 'images',
        untrained=folder / 'untrained_fresh' / 'images',
        real=digits / 'val',
    )
    verdict = folder / 'verdict.json'
    pairs = [f'{name}={path}' for name, path in folders.items()]
    arguments = (run.config('judge'), run.checkpoint('judge'), *pairs, '--out', verdict)
    run.call('judge', 'misc/judge_images.py', *arguments)
    shutil.rmtree(data)
    found = json.loads(verdict.read_text())
    figures = {f'accepted_{name}': entry['accepted'] for name, entry in found.items()}
    *digit_counts, _ = found['generated']['histogram'].values()
    return figures | dict(classes=sum(count > 0 for count in digit_counts))


STAGES = (
    Stage('data', make_data),
    Stage('tokenizer', train_tokenizer),
    Stage('predictor', train_predictor),
    Stage('addp', train_addp),
    Stage('generate', generate),
    Stage('judge', judge),
)
