"""Processes that train, and their end."""

import gc
import multiprocessing
import os
import signal
import time
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import Optional

import torch
from mmengine.config import Config

from mmaddp.run.crash.moments import Aim, Moment, read_moments
from mmaddp.run.crash.trainings import CrashTraining
from mmaddp.run.training import TrainFlags, train, training_config
from mmaddp.run.user_errors import user_errors
from mmaddp.utils.atomic import UNFINISHED
from mmaddp.utils.processes import end_with_parent

SECONDS_BETWEEN_LOOKS = 0.0005
MOMENTS, OUTPUT = 'moments.txt', 'output.txt'


class Run:
    """A training in a folder, started, killed and resumed by one and the same command.

    Args:
        training (CrashTraining): The training.
        folder (Path): Holds what it writes: ``work_dir``, ``moments.txt``, ``output.txt``.
        threads (int): Of PyTorch.
    """

    def __init__(self, training: CrashTraining, folder: Path, threads: int) -> None:
        self.training = training
        self.folder = folder
        self.threads = threads
        self.work_dir = folder / 'work_dir'
        folder.mkdir(parents=True)

    @property
    def moments(self) -> list[Moment]:
        """What it has done, over all its processes."""
        return read_moments(self.folder / MOMENTS)

    def to_the_end(self) -> None:
        """Train from where it is, until it ends by itself.

        Raises:
            ValueError: It failed.
        """
        process = self._start()
        process.join()
        if process.exitcode != 0:
            raise ValueError(f'{self.training.name} failed:\n{self._last_output()}')

    def until(self, aim: Aim) -> Optional[str]:
        """Train from where it is, and kill it with signal 9.

        Returns:
            str, optional: What it was doing; None if it had ended before.

        Raises:
            ValueError: It failed.
        """
        before = len(self.moments)
        process = self._start()
        while process.is_alive() and not self._reached(aim, before):
            time.sleep(SECONDS_BETWEEN_LOOKS)
        if aim.unfinished:
            latest = time.monotonic() + 1
            while not self._unfinished() and time.monotonic() < latest and process.is_alive():
                pass  # as short as it takes to write a small file
        else:
            time.sleep(aim.delay)
        process.kill()
        process.join()
        if process.exitcode not in (0, -signal.SIGKILL):
            raise ValueError(f'{self.training.name} failed:\n{self._last_output()}')
        return None if process.exitcode == 0 else self._last_words(before)

    def _start(self) -> ForkProcess:
        process = multiprocessing.get_context('fork').Process(target=self._train)
        process.start()
        return process

    def _train(self) -> None:
        """Do what ``tools/train.py CONFIG --work-dir DIR --resume`` does, in its own process."""
        end_with_parent()
        with (self.folder / OUTPUT).open('a') as output:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
        torch.set_num_threads(self.threads)
        with user_errors('train'):
            train(*_configuration(self.training, self.folder))

    def _reached(self, aim: Aim, before: int) -> bool:
        return any(
            moment.what == aim.what and moment.iteration >= aim.iteration
            for moment in self.moments[before:]
        )

    def _unfinished(self) -> list[str]:
        names = os.listdir(self.work_dir) if self.work_dir.exists() else []
        return [name for name in names if name.endswith(UNFINISHED)]

    def _last_words(self, before: int) -> str:
        moments = self.moments[before:]
        if not moments:
            return 'before training began'
        text = f'{moments[-1].what} after iteration {moments[-1].iteration}'
        began = moments[0].iteration
        text += f', begun at {began}'
        files = [name[1:].rsplit('.', 2)[0] for name in self._unfinished()]
        return text + f', {" and ".join(files)} half written' * bool(files)

    def _last_output(self) -> str:
        lines = (self.folder / OUTPUT).read_text(errors='replace').splitlines()
        return '\n'.join(lines[-5:])


@contextmanager
def imported(trainings: Iterable[CrashTraining], folder: Path) -> Iterator[None]:
    """Import what trainings need, so that their processes, which are forks, start quickly.

    Raises:
        ValueError: A configuration is at fault.
    """
    for training in trainings:
        _configuration(training, folder)
    gc.collect()
    gc.freeze()  # what the forks share with this process is not copied when they collect
    try:
        yield
    finally:
        gc.unfreeze()


def _configuration(training: CrashTraining, folder: Path) -> tuple[Config, list[str]]:
    moments = dict(type='mmaddp.MomentsHook', file=str(folder / MOMENTS))
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        return training_config(
            TrainFlags(resume='auto'),
            config=training.config,
            cfg_options={**training.options, 'default_hooks.moments': moments},
            work_dir=folder / 'work_dir',
        )
