"""Kills trainings at random moments, resumes them, and compares where they end."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random

from mmaddp.run.crash.comparison import differences
from mmaddp.run.crash.moments import Aim, choose_aims
from mmaddp.run.crash.processes import Run, imported
from mmaddp.run.crash.trainings import CrashTraining

MOST_SHOWN = 5


@dataclass(frozen=True)
class Outcome:
    """What became of a training.

    Attributes:
        training (str): Its name.
        kills (list[str]): What it was doing when it was killed.
        differences (list[str]): Between it and the undisturbed one, the first few.
    """

    training: str
    kills: list[str]
    differences: list[str]

    @property
    def equal(self) -> bool:
        """Whether it ended as the undisturbed one, to the bit."""
        return not self.differences

    def __str__(self) -> str:
        lines = [self.training, *(f'  killed: {kill}' for kill in self.kills)]
        lines += [f'  DIFFERS: {text}' for text in self.differences] or ['  bit-equal']
        return '\n'.join(lines)


def crash_test(
    trainings: Sequence[CrashTraining], kills: int, seed: int, folder: Path, threads: int = 1
) -> Iterator[Outcome]:
    """Kill trainings with signal 9 at random moments and compare them with undisturbed ones.

    Each training is run once undisturbed, and once more in another folder, where it is killed,
    resumed by the same command, killed again, and so on, and at last resumed until it ends. Then
    checkpoints and logs of both are compared: weights, averages, optimizers, schedules, losses.

    Args:
        trainings (Sequence[CrashTraining]): Which trainings; the first ones are used if there are
            fewer kills.
        kills (int): How many kills, over all trainings.
        seed (int): Of the moments.
        folder (Path): For what they write; new.
        threads (int): Of PyTorch in each training. Defaults to 1.

    Yields:
        Outcome: Of one training after another.

    Raises:
        ValueError: An undisturbed training failed.
    """
    trainings = trainings[:kills]
    done = 0
    with imported(trainings, folder):
        for number, training in enumerate(trainings):
            own = kills // len(trainings) + (number < kills % len(trainings))
            places = [folder / f'{number}' / name for name in ('undisturbed', 'killed')]
            undisturbed, killed = (Run(training, place, threads) for place in places)
            undisturbed.to_the_end()
            aims = choose_aims(undisturbed.moments, own, done, Random(f'{seed} {number}'))
            yield _outcome(undisturbed, killed, aims)
            done += own


def _outcome(undisturbed: Run, killed: Run, aims: Sequence[Aim]) -> Outcome:
    moments, found = [], []
    try:
        for aim in aims:
            moments.append(killed.until(aim))
        killed.to_the_end()
        found = list(islice(differences(undisturbed.work_dir, killed.work_dir), MOST_SHOWN))
    except ValueError as error:  # it cannot be resumed
        found = [str(error)]
    return Outcome(killed.training.name, [text for text in moments if text], found)
