"""Data loading processes that outlive a request to stop, so that training can end its step."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from functools import partial
from multiprocessing.context import ForkContext, ForkProcess
from typing import Optional

from torch.utils.data import DataLoader

from mmaddp.utils.processes import end_with_parent


def shield_workers(loader: DataLoader) -> None:
    """Let the worker processes of a loader ignore signals that are sent to all processes of a job.

    Slurm sends a job's signals to every process. Workers that die of them would take the training
    with them before it has saved. They still end when the training ends them.

    Args:
        loader (DataLoader): It must not have started its workers.
    """
    loader.worker_init_fn = partial(_start_shielded, init=loader.worker_init_fn)
    forks = multiprocessing.get_start_method() == 'fork'
    if forks and loader.num_workers and loader.multiprocessing_context is None:
        loader.multiprocessing_context = _ShieldedContext()


class _ShieldedProcess(ForkProcess):
    """Begins with SIGTERM blocked: PyTorch starts a thread before it initialises a worker."""

    def start(self) -> None:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        try:
            super().start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _ShieldedContext(ForkContext):
    Process = _ShieldedProcess  # type: ignore[assignment]


def _start_shielded(worker_id: int, init: Optional[Callable[[int], None]]) -> None:
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    if hasattr(signal, 'sigwaitinfo'):
        # Blocked, here and in threads that begin later, SIGTERM reaches nobody but the thread that
        # asks who has sent it.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        threading.Thread(target=_end_for_parent, daemon=True).start()
    # A training that is killed reads no more: a worker would wait at its full pipe for ever.
    end_with_parent()
    if init is not None:
        init(worker_id)


def _end_for_parent() -> None:
    while signal.sigwaitinfo({signal.SIGTERM}).si_pid != os.getppid():
        pass
    os._exit(0)
