"""Commands of several stages, killed in each of them."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from random import Random
from typing import Union

from mmaddp.run.crash.comparison import differences
from mmaddp.run.crash.crash_test import MOST_SHOWN, Outcome

SECONDS_BETWEEN_LOOKS = 0.0005
STAGE = re.compile(r'^== stage \d+ of \d+: (\w+) \.\.\.', re.MULTILINE)
# What a run leaves behind that tells its moment: logs, and times in pages and results.
MOMENTARY = re.compile(r'logs|\d{8}_\d{6}|\.training_lock')
TIMES = re.compile(rb'\b(\d+ h )?\d+ (min|s)\b( \d+ s\b)?')
RESUMED = re.compile(rb'\bresume\W{1,4}(True|False)')
# Added to the configurations, so that there is a checkpoint to continue from.
EACH_EPOCH = "default_hooks['checkpoint'].update(interval=1)\n"
EACH_FEW_STEPS = "default_hooks['checkpoint'].update(interval=3)\n"


class TooLateError(ValueError):
    """The command had ended well, or the stage had, before it was to be killed."""


class ChainRun:
    """A command that plans, trains in stages and reports, in a folder.

    Args:
        words (Sequence[str]): Python file and arguments, ``--out`` last.
        python (str | Path): Runs it. Defaults to this Python.
    """

    def __init__(self, words: Sequence[str], python: Union[str, Path] = sys.executable) -> None:
        self.words = [str(python), *words]
        self.out = Path(words[-1])
        self.output = self.out.with_name('output.txt')

    def to_the_end(self, *more: str) -> None:
        """Run the command, perhaps with further arguments, until it ends by itself.

        Raises:
            ValueError: It failed.
        """
        with self._started(*more) as process:
            status = process.wait()
        if status:
            raise ValueError(f'{shlex.join([*self.words, *more])} failed:\n{self._last_output()}')

    def until(self, stage: str, delay: float) -> str:
        """Run the command, and kill it with signal 9 so many seconds after a stage has begun.

        Returns:
            str: When it was killed.

        Raises:
            TooLateError: It, or the stage, ended before.
            ValueError: It failed before.
        """
        before = self.output.stat().st_size  # bytes of the earlier starts
        with self._started() as process:
            while stage not in STAGE.findall(self._output(before)) and process.poll() is None:
                time.sleep(SECONDS_BETWEEN_LOOKS)
            time.sleep(delay)
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
        if process.returncode != -signal.SIGKILL:
            kind = ValueError if process.returncode else TooLateError
            raise kind(f'It ended before it was killed in {stage}:\n{self._last_output()}')
        last = STAGE.findall(self._output(before))[-1]
        if last != stage:
            raise TooLateError(f'{stage} ended before it was killed {delay:.2f} s after its start')
        return f'{stage}, killed {delay:.2f} s after its start'

    def _started(self, *more: str) -> subprocess.Popen:
        """The command, in a process group of its own."""
        with self.output.open('ab') as output:
            return subprocess.Popen(
                [*self.words, *more], stdout=output, stderr=output, start_new_session=True
            )

    def _output(self, start: int = 0) -> str:
        return self.output.read_bytes()[start:].decode(errors='replace')

    def _last_output(self) -> str:
        return '\n'.join(self._output().splitlines()[-8:])


def plan_chain(run: ChainRun) -> None:
    """Let a command make its plan, and see to it that there are checkpoints to continue from.

    Raises:
        ValueError: It failed.
    """
    run.to_the_end('--plan')
    for file in (run.out / 'configs').glob('*.py'):
        by_epoch = 'max_epochs' in file.read_text()
        with file.open('a') as stream:
            stream.write(EACH_EPOCH if by_epoch else EACH_FEW_STEPS)


def kill_chain(name: str, run: ChainRun, kills: int, seed: int) -> Outcome:
    """Kill a command in each of its stages, and compare what becomes of it with an undisturbed run.

    Both start from one plan, since a plan depends on measured times. The undisturbed run is moved
    to ``undisturbed`` beside the folder, because files name the folder that they lie in.

    Args:
        name (str): What it is called.
        run (ChainRun): The command, planned.
        kills (int): How many; they take turns among the stages.
        seed (int): Of the moments.

    Raises:
        ValueError: The undisturbed run failed.
    """
    planned, undisturbed = (run.out.with_name(word) for word in ('planned', 'undisturbed'))
    shutil.copytree(run.out, planned)
    run.to_the_end()
    seconds = _seconds(run.out / 'stages')
    run.out.rename(undisturbed)
    shutil.copytree(planned, run.out)
    random = Random(f'{seed} {name}')
    moments: list[str] = []
    try:
        # In the order of the stages, since a finished one does not begin again.
        for turn in sorted(turn % len(seconds) for turn in range(kills)):
            stage = list(seconds)[turn]
            moments.append(_killed(run, stage, random.uniform(0, 0.95 * seconds[stage])))
        run.to_the_end()
    except ValueError as error:  # it cannot be continued
        return Outcome(name, moments, [str(error)])
    found = chain_differences(undisturbed, run.out)
    return Outcome(name, moments, list(islice(found, MOST_SHOWN)))


def _killed(run: ChainRun, stage: str, delay: float) -> str:
    """Kill a command in a stage; where that was quicker than the undisturbed one, again, sooner."""
    before = run.out.with_name('before')
    shutil.rmtree(before, ignore_errors=True)
    shutil.copytree(run.out, before)
    while True:
        try:
            return run.until(stage, delay)
        except TooLateError:
            if delay < SECONDS_BETWEEN_LOOKS:
                raise
            delay /= 4
            shutil.rmtree(run.out)
            shutil.copytree(before, run.out)


def _seconds(results: Path) -> dict[str, float]:
    """Time of each stage, in their order."""
    files = sorted(results.glob('*.json'), key=lambda file: file.stat().st_mtime_ns)
    return {file.stem: json.loads(file.read_text())['seconds'] for file in files}


def chain_differences(one: Path, other: Path) -> Iterator[str]:
    """Compare all that two runs of a command have left: files, checkpoints, logged values, figures.

    Times are left out, and whether the last process of a training was the first one.

    Args:
        one (Path): Folder of the undisturbed run.
        other (Path): Folder of the other one.

    Yields:
        str: One difference.
    """
    files, others = _files(one), _files(other)
    for name in sorted(files.keys() ^ others.keys()):
        yield f'{name} is {"missing" if name in files else "there"}'
    trainings = {str(Path(name).parent) for name in files if name.endswith('/last_checkpoint')}
    for name in sorted(trainings):
        yield from (f'{name}: {text}' for text in differences(one / name, other / name))
    for name in sorted(files.keys() & others.keys()):
        in_training = str(Path(name).parent) in trainings
        if _content(files[name], in_training) != _content(others[name], in_training):
            yield f'{name} has another content'


def _files(folder: Path) -> Mapping[str, Path]:
    """Files but logs, by name below the folder."""
    names = {}
    for file in folder.rglob('*'):
        below = file.relative_to(folder)
        if file.is_file() and not any(map(MOMENTARY.fullmatch, below.parts)):
            names[str(below)] = file
    return names


def _content(file: Path, in_training: bool) -> object:
    """What must be equal, of most files all bytes; checkpoints are compared by value elsewhere."""
    if in_training and file.suffix in ('.pth', '.safetensors'):
        return None
    content = file.read_bytes()
    if file.parent.name == 'stages':
        return {key: value for key, value in json.loads(content).items() if key != 'seconds'}
    if in_training and file.suffix == '.py':
        return RESUMED.sub(b'', content)
    return TIMES.sub(b'TIME', content) if file.name.startswith('report.') else content
