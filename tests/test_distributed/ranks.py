"""Functions that run in one process or as the ranks of a gloo group, forked from this process."""

import multiprocessing
import os
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from free_port import free_port

LONGEST = 300  # seconds


class Ranks:
    """A function that runs in ``number`` processes; ``wait`` until they have ended."""

    def __init__(self, number: int, function: Callable, *args: Any, logs: Path) -> None:
        port = free_port()
        self.logs = [logs / f'{function.__name__}_{number}_{rank}.txt' for rank in range(number)]
        fork = multiprocessing.get_context('fork')
        self.processes = [
            fork.Process(target=_run, args=(rank, number, port, log, function, args))
            for rank, log in enumerate(self.logs)
        ]
        for process in self.processes:
            process.start()

    def wait(self) -> None:
        for process in self.processes:
            process.join(LONGEST)
            process.kill()
            process.join()
        for process, log in zip(self.processes, self.logs):
            assert process.exitcode == 0, log.read_text()[-5000:]


def _run(
    rank: int, number: int, port: int, log: Path, function: Callable, args: Sequence[Any]
) -> None:
    torch.set_num_threads(1)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    if number > 1:
        variables = dict(RANK=rank, LOCAL_RANK=rank, WORLD_SIZE=number, MASTER_PORT=port)
        os.environ |= {name: str(value) for name, value in variables.items()}
        os.environ['MASTER_ADDR'] = '127.0.0.1'
    try:
        function('pytorch' if number > 1 else 'none', *args)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)
