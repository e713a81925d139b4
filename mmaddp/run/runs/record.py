"""What is known of a run."""

import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Optional

FINISHED, RUNNING, STOPPED = 'finished', 'running', 'stopped'
STATES = (FINISHED, RUNNING, STOPPED)


@dataclass
class Record:
    """A run, as its files tell; None stands for what they do not.

    Attributes:
        folder (Path): Its folder.
        name (str): The folder, below the one that was searched.
        task (str): What it does, such as 'pre-training' or 'detection'.
        config (str, optional): Name of its configuration.
        state (str): One of ``STATES``.
        place (str): How far it has come, in words.
        step (int, optional): Last step that was logged.
        loss (float, optional): The last one.
        figure (str, optional): Name of the figure that judges it.
        best (float, optional): Best value of that figure.
        seconds (float, optional): Time it took, over all its starts.
        started (str, optional): Day and time of the first start, ISO 8601.
        seed (int, optional): Its seed.
        versions (dict[str, str]): Of packages.
    """

    folder: Path
    name: str
    task: str
    config: Optional[str] = None
    state: str = STOPPED
    place: str = ''
    step: Optional[int] = None
    loss: Optional[float] = None
    figure: Optional[str] = None
    best: Optional[float] = None
    seconds: Optional[float] = None
    started: Optional[str] = None
    seed: Optional[int] = None
    versions: dict[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """For JSON, which knows no NaN."""
        values = asdict(self) | dict(folder=str(self.folder))
        return {
            key: None if isinstance(value, float) and not math.isfinite(value) else value
            for key, value in values.items()
        }
