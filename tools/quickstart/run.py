"""One pass through the quickstart with one seed."""

import json
import time
from dataclasses import dataclass
from pathlib import Path

from mmaddp.own.stage import Stage, StageFailed, cfg_options, last_scalars
from mmaddp.own.tool_process import run_tool
from mmaddp.utils.atomic import write_json
from mmaddp.utils.own_folders import claim_folder, remove_folder

# Goes into the mark of the folders that the quickstart makes and may delete.
MAKER = 'quickstart'


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

    def result(self, stage: Stage) -> dict:
        """Seconds and figures of a finished stage; empty if it has not finished as it is now."""
        try:
            result = json.loads((self.folder(stage.name) / 'stage.json').read_text())
        except (FileNotFoundError, ValueError):
            return {}
        return result if stage.figures.keys() <= result.get('figures', {}).keys() else {}

    def checkpoint(self, stage: str) -> Path:
        """Last checkpoint of a trained stage.

        Raises:
            StageFailed: If the stage has not been trained.
        """
        pointer = self.folder(stage) / 'last_checkpoint'
        if not pointer.is_file():
            name = stage.partition('/')[0]
            raise StageFailed(f'stage {name!r} has no result yet: run --from {name}')
        return pointer.with_name(Path(pointer.read_text().strip()).name)

    def complete(self, stage: Stage, place: str) -> None:
        """Run a stage unless its result exists; one that was interrupted starts over.

        Args:
            stage (Stage): The stage.
            place (str): Its place in the chain, for the screen.

        Raises:
            FileExistsError: Its folder holds something the quickstart did not make.
            StageFailed: It could not be run to its end.
        """
        result = self.result(stage)
        if result:
            print(f'== {place}: {stage.name} exists ({self.folder(stage.name)})', flush=True)
        else:
            print(f'== {place}: {stage.name} ...', flush=True)
            result = self._carry_out(stage)
        for line in stage.describe([result], self.smoke):
            print('  ', line)
        print(f'   {stage.name} took {result["seconds"]:.0f} s', flush=True)

    def _carry_out(self, stage: Stage) -> dict:
        folder = self.folder(stage.name)
        remove_folder(folder, MAKER)
        claim_folder(folder, MAKER)
        start = time.monotonic()
        figures = stage.run(self)
        result = dict(seconds=time.monotonic() - start, figures=figures)
        write_json(folder / 'stage.json', result)
        return result

    def call(self, stage: str, tool: str, *arguments: object) -> None:
        """Run one of the tools; its output goes to the stage's log, progress to the screen.

        Raises:
            StageFailed: If the tool fails; the message ends with its last lines.
        """
        log = self.folder(stage).with_suffix('.log')
        run_tool(Path('tools', tool), list(map(str, arguments)), self.root, log)

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
        work_dir = ('--work-dir', self.folder(stage))
        self.call(stage, 'train.py', config, *work_dir, *cfg_options(options))
        return last_scalars(self.folder(stage))
