"""Building blocks of a stage of a chain."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Optional


class StageFailed(ValueError):
    """A stage could not be run to its end."""


@dataclass(frozen=True)
class Figure:
    """A number that a stage produces, for the table.

    Attributes:
        text (str): What it is.
        form (str): How it is shown, as in ``'{:.1%}'``.
        at_least (float, optional): Value that the mean of the runs must reach.
        at_most (float, optional): Value that it must not exceed.
    """

    text: str
    form: str
    at_least: Optional[float] = None
    at_most: Optional[float] = None

    def is_missed(self, values: Sequence[float]) -> bool:
        """Whether the mean of some runs lies outside the limits; NaN always does."""
        mean = statistics.mean(values)
        inside = self.at_least is None or mean >= self.at_least
        inside = inside and (self.at_most is None or mean <= self.at_most)
        return not inside

    def describe(self, values: Sequence[float]) -> str:
        """Show mean and spread, and whether the limits are met."""
        shown = self.form.format(statistics.mean(values))
        if len(values) > 1:
            shown += f' ± {self.form.format(statistics.stdev(values))}'
        limits = []
        if self.at_least is not None:
            limits.append(self.form.format(self.at_least))
        if self.at_most is not None:
            limits.append(f'at most {self.form.format(self.at_most)}')
        if not limits:
            return f'{self.text} {shown}'
        verdict = 'MISSED' if self.is_missed(values) else 'ok'
        return f'{self.text} {shown} ({verdict}, needed {", ".join(limits)})'


@dataclass(frozen=True)
class Picture:
    """A picture that a stage produces, for the report.

    Attributes:
        title (str): Heading.
        file (str): Where it lies, below the folder of a run.
        text (str): What it shows.
    """

    title: str
    file: str
    text: str


@dataclass(frozen=True)
class Stage:
    """A step of a chain.

    Attributes:
        name (str): Name, and folder.
        run (Callable): Does the work of a run of the chain, returns the values of ``figures`` by
            name.
        figures (dict[str, Figure]): What it measures, in the order of the table.
        pictures (tuple[Picture, ...]): What it draws.
    """

    name: str
    run: Callable[..., dict[str, float]]
    figures: dict[str, Figure]
    pictures: tuple[Picture, ...] = ()

    def describe(self, results: Sequence[dict]) -> list[str]:
        """Show the figures of one or several runs."""
        return [
            figure.describe([result['figures'][name] for result in results])
            for name, figure in self.figures.items()
        ]

    def missed(self, results: Sequence[dict]) -> list[str]:
        """Show those figures that miss their limits."""
        values = {name: [result['figures'][name] for result in results] for name in self.figures}
        return [
            figure.describe(values[name])
            for name, figure in self.figures.items()
            if figure.is_missed(values[name])
        ]


def cfg_options(options: Mapping[str, object]) -> list[str]:
    """Arguments that set values of a config."""
    return ['--cfg-options', *(f'{key}={value}' for key, value in options.items())]
