"""Train several configurations one after the other, in one process.

    python tools/misc/train_in_turn.py RUNS.json

RUNS.json is a list of objects with ``config``, ``work_dir`` and ``options`` (name of a setting ->
value). Short trainings are done sooner this way than by a command for each.
"""

import argparse
import json
from pathlib import Path

from mmengine.runner import Runner

import mmaddp  # noqa: F401, before any host: it mends what they miss
from mmaddp.engine.inputs import check_inputs
from mmaddp.engine.run_config import read_config


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('runs', type=Path, help='JSON file')
    return parser.parse_args()


def main() -> None:
    for number, run in enumerate(json.loads(parse_args().runs.read_text())):
        arguments = argparse.Namespace(
            config=run['config'],
            work_dir=run['work_dir'],
            cfg_options=run['options'],
            launcher='none',
            local_rank=0,
        )
        cfg = read_config(arguments)
        # One name for each: the Runner keeps its logger and message hub by it.
        cfg.experiment_name = f'{Path(run["work_dir"]).name}_{number}'
        if cfg.get('visualizer'):
            # The hosts give theirs one fixed name, by which it would be found again.
            cfg.visualizer.name = cfg.experiment_name
        check_inputs(cfg, ('train_dataloader', 'val_dataloader'))
        Runner.from_cfg(cfg).train()


if __name__ == '__main__':
    main()
