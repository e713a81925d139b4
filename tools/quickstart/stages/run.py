"""One pass through the quickstart, and what a stage of it is made of."""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from mmaddp.utils.atomic import write_json

MILESTONES = ('Epoch(val)', '_mAP: ', 'mIoU: ', 'Wrote', ' made', 'accepted')
PROGRESS = ('Epoch(train)', 'Iter(train)')
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
        write_json(folder / 'stage.json', outcome)
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
                due = (
                    any(word in line for word in PROGRESS)
                    and time.monotonic() - shown > SECONDS_PER_LINE
                )
                if due or any(word in line for word in MILESTONES):
                    shown = time.monotonic()
                    print('   ', line.strip(), flush=True)
        if process.returncode:
            raise StageFailed(
                f'{" ".join(command)} failed with status {process.returncode}; the whole log is '
                f'{log}. Its end:\n{"".join(lines)}'
            )

    def train(self, stage: str, config: str, **options: object) -> dict:
        """Train a config with tools/train.py.

        Args:
            stage (str): Stage whose folder gets the logs and checkpoints.
            config (str): Config file.
            **options: Settings for ``--cfg-options``.

        Returns:
            dict: The last value of every logged scalar.
        """
        if self.smoke:
            options |= {'train_cfg.max_epochs': 1, 'param_scheduler.warmup': 0}
            options |= {'train_cfg.val_interval': 1}
        options['randomness.seed'] = self.seed
        pairs = [f'{key}={value}' for key, value in options.items()]
        work_dir = ('--work-dir', self.folder(stage))
        self.call(stage, 'train.py', config, *work_dir, '--cfg-options', *pairs)
        return last_scalars(self.folder(stage))


def last_scalars(work_dir: Path) -> dict:
    """The last value of every scalar that a training logged."""
    scalars = {}
    for line in sorted(work_dir.glob('*/vis_data/scalars.json'))[-1].read_text().splitlines():
        scalars.update(json.loads(line))
    return scalars


@dataclass(frozen=True)
class Figure:
    """A number that a stage leaves, for the table.

    Attributes:
        text (str): What it is.
        form (str): How it is shown, as in ``'{:.1%}'``.
        at_least (float, optional): Value that a run which was not cut short must reach.
        at_most (float, optional): Value that it must not exceed.
    """

    text: str
    form: str
    at_least: Optional[float] = None
    at_most: Optional[float] = None

    def describe(self, values: Sequence[float], smoke: bool) -> str:
        """Show mean and spread, and whether the mean lies within the limits."""
        mean = statistics.mean(values)
        shown = self.form.format(mean)
        if len(values) > 1:
            shown += f' ± {self.form.format(statistics.stdev(values))}'
        limits = []
        if self.at_least is not None:
            limits.append((mean >= self.at_least, self.form.format(self.at_least)))
        if self.at_most is not None:
            limits.append((mean <= self.at_most, f'at most {self.form.format(self.at_most)}'))
        if smoke or not limits:
            return f'{self.text} {shown}'
        verdict = 'ok' if all(passed for passed, _ in limits) else 'MISSED'
        return f'{self.text} {shown} ({verdict}, needed {", ".join(text for _, text in limits)})'


@dataclass(frozen=True)
class Picture:
    """A picture that a stage leaves, for the report.

    Attributes:
        title (str): Heading.
        file (str): Where it lies in the folder of a seed.
        text (str): What it shows.
    """

    title: str
    file: str
    text: str


@dataclass(frozen=True)
class Stage:
    """A step of the quickstart.

    Attributes:
        name (str): Name, and folder.
        run (Callable): Does the work and returns the values of ``figures`` by name.
        figures (dict[str, Figure]): What it measures, in the order of the table.
        pictures (tuple[Picture, ...]): What it draws.
    """

    name: str
    run: Callable[[Run], dict]
    figures: dict[str, Figure]
    pictures: tuple[Picture, ...] = ()
