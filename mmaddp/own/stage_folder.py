"""A chain's folder: which stages are done, what they found, and running the others."""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from mmaddp.own.progress import shorten
from mmaddp.own.stage import Stage, StageFailed
from mmaddp.own.tool_process import run_tool
from mmaddp.utils.atomic import write_json
from mmaddp.utils.carried import carried
from mmaddp.utils.durations import duration
from mmaddp.utils.hashing import file_sha256
from mmaddp.weights.latest import newest_checkpoint


@dataclass(frozen=True)
class StageFolder:
    """Stages that leave their results in one folder; finished ones are not run again.

    Attributes:
        out (Path): The folder.
    """

    out: Path

    def config_of(self, stage: str) -> Optional[Path]:
        """Configuration of a stage that trains, None for the others."""
        raise NotImplementedError

    def made_from(self, stage: str) -> list[Path]:
        """What has to be deleted to train a stage again."""
        raise NotImplementedError

    def seconds_of(self, stage: str) -> float:
        """Time that the training of a stage takes, 0 for those that do not train."""
        raise NotImplementedError

    def result(self, stage: str) -> dict:
        """Seconds, figures and settings of a finished stage; empty if it has not finished."""
        try:
            return json.loads(self._file(stage).read_text())
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise ValueError(
                f'{self._file(stage)} is damaged: {error}. Delete it to repeat the end of the '
                'stage.'
            ) from error

    def checkpoint(self, stage: str) -> Path:
        """Newest checkpoint of a training."""
        found = newest_checkpoint(self.out / stage)
        if found is None:
            raise StageFailed(f'{self.out / stage} holds no checkpoint.')
        return Path(found)

    def complete(self, chosen: tuple[Stage, ...]) -> None:
        """Run the stages that have no result, in order.

        Raises:
            StageFailed: A stage could not be run to its end, or a check failed.
            ValueError: The configuration of a finished stage was changed.
        """
        for number, stage in enumerate(chosen, 1):
            place = f'== stage {number} of {len(chosen)}: {stage.name}'
            result = self.result(stage.name)
            if result:
                self._check_unchanged(stage.name, result)
                print(f'{place} is done', flush=True)
            else:
                print(f'{place} ... {self._time_left(chosen[number - 1 :])}', flush=True)
                result = self._carry_out(stage)
            for line in stage.describe([result]):
                print('  ', line)
            print(f'   {stage.name} took {duration(result["seconds"])}', flush=True)

    def _carry_out(self, stage: Stage) -> dict:
        started = time.monotonic()
        settings = self._settings(stage.name)
        figures = stage.run(self)
        result = dict(seconds=time.monotonic() - started, figures=figures, settings=settings)
        write_json(self._file(stage.name), result)
        return result

    def call(self, tool: str, *arguments: object, log: str) -> None:
        """Run one of the tools; its output goes to ``logs/``, progress to the screen."""
        file = self.out / 'logs' / f'{log}.log'
        file.parent.mkdir(exist_ok=True)
        run_tool(carried('tools') / tool, list(map(str, arguments)), self.out, file, shorten)

    def _file(self, stage: str) -> Path:
        return self.out / 'stages' / f'{stage}.json'

    def _settings(self, stage: str) -> dict:
        """What a training is made with: the configuration, by its hash."""
        config = self.config_of(stage)
        return {} if config is None else dict(config_sha256=file_sha256(config))

    def _check_unchanged(self, stage: str, result: dict) -> None:
        if result.get('settings') != self._settings(stage):
            later = ' and '.join(map(str, self.made_from(stage)))
            raise ValueError(
                f'{self.config_of(stage)} was changed after its stage had finished. Undo the '
                f'change; or, to train again with it, delete {self._file(stage)} and those of '
                f'the stages behind it, and the folders {later}.'
            )

    def _time_left(self, rest: tuple[Stage, ...]) -> str:
        seconds = sum(self.seconds_of(stage.name) for stage in rest)
        return f'(about {duration(seconds)} of training left)' if seconds else ''
