"""Train several configurations, as many at a time as PyTorch has threads.

    python tools/quickstart/train_several.py work_dirs/runs.json

The file holds a list of objects with ``config``, ``work_dir`` and ``options`` (name of a setting ->
value). Short trainings finish sooner this way than with one command each: a process trains several
in a row, and small networks gain more from a core of their own than from sharing all.
"""

import argparse
import json
import multiprocessing
import os
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))

from mmaddp.run.argument_types import path
from mmaddp.run.arguments import ToolParser
from mmaddp.run.user_errors import user_errors
from mmaddp.utils.processes import end_with_parent


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(__doc__)
    parser.add_argument('runs', type=path, help='JSON file')
    return parser.parse_args()


def train(run: dict) -> None:
    """Train one configuration to its end.

    Args:
        run (dict): ``config`` (file), ``work_dir`` (folder) and ``options`` (dict from the name of
            a setting to its value).

    Raises:
        FileNotFoundError: There is no such configuration. Other errors are those of the training.
    """
    from mmaddp.run import training

    settings = dict(config=run['config'], cfg_options=run['options'], work_dir=run['work_dir'])
    cfg, notes = training.training_config(training.TrainFlags(), **settings)
    # A name for each: the Runner keeps its logger and message hub by it, and the hosts give their
    # visualiser a fixed one, by which that of the training before would be found again.
    cfg.experiment_name = run['work_dir']
    if cfg.get('visualizer'):
        cfg.visualizer.name = cfg.experiment_name
    training.train(cfg, notes)


def prepare_worker(threads: int, parent: int) -> None:
    """Set up a pool process: give it its share of the threads, and let it end with the tool."""
    import torch

    end_with_parent(parent)
    torch.set_num_threads(threads)


def train_all(runs: list[dict]) -> None:
    """Train the configurations; the first error ends them all."""
    import torch

    processes = min(torch.get_num_threads(), len(runs))
    if processes == 1:
        for run in runs:
            train(run)
        return
    threads = torch.get_num_threads() // processes
    os.environ['OMP_NUM_THREADS'] = str(threads)
    with ProcessPoolExecutor(
        processes,
        multiprocessing.get_context('spawn'),
        initializer=prepare_worker,
        initargs=(threads, os.getpid()),
    ) as pool:
        trainings = [pool.submit(train, run) for run in runs]
        try:
            for training in as_completed(trainings):
                training.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def main() -> None:
    """Run the tool."""
    args = parse_args()
    with user_errors('train_several', args.traceback):
        train_all(json.loads(args.runs.read_text()))


if __name__ == '__main__':
    main()
