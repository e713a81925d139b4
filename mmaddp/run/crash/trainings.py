"""The trainings that are killed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Union

from mmaddp.run.toys import TOYS, ToyForm, toy_options

# Checkpoints in the middle of epochs, of accumulated updates and of both.
FORMS = (
    ToyForm(),
    ToyForm(by_iteration=True, num_workers=2, accumulate=2, ema=True),
    ToyForm(num_workers=2, accumulate=3, ema=True),
    ToyForm(by_iteration=True),
)


@dataclass(frozen=True)
class CrashTraining:
    """A training to be killed.

    Attributes:
        name (str): What it is called in reports.
        config (str): Its configuration.
        options (Mapping): Settings to override, by dotted name.
    """

    name: str
    config: str
    options: Mapping[str, Any] = field(default_factory=dict)


def toy_trainings(data: Union[str, Path], kinds: Iterable[str] = TOYS) -> list[CrashTraining]:
    """Toys in every form; the first few already are of every kind and in every form.

    Args:
        data (str | Path): Folder of their data.
        kinds (Iterable[str]): Which kinds. Defaults to all.

    Returns:
        list[CrashTraining]: One per kind and form.
    """
    kinds = list(kinds)
    return [
        CrashTraining(f'{kind}, {form}', TOYS[kind], toy_options(kind, data, form))
        for shift in range(len(FORMS))
        for number, kind in enumerate(kinds)
        for form in [FORMS[(number + shift) % len(FORMS)]]
    ]
