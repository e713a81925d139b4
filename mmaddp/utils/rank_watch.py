"""Find out which process of a distributed run holds up the others."""

import os
import shutil
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Optional, Union

from mmaddp.utils.atomic import write_text

# A rank counts as silent after missing this many beats.
_MISSED = 5


class RankWatch:
    """A thread that records what its rank does, and checks the others when it is stuck.

    A rank that waits for another does so in a call that no message interrupts; the thread goes on
    beside it. Ranks tell each other through small files in a folder that they share; clocks are not
    compared.

    Args:
        folder (str | Path): Folder for the files. It is removed at the end.
        rank (int): This process.
        world_size (int): Number of processes.
        limit (float): Seconds without progress after which the run is stopped.
        stop (Callable, optional): Called with the message. Defaults to None: print it and end the
            process.
    """

    def __init__(
        self,
        folder: Union[str, Path],
        rank: int,
        world_size: int,
        limit: float,
        stop: Optional[Callable[[str], None]] = None,
    ) -> None:
        self.folder = Path(folder)
        self.rank = rank
        self.others = [other for other in range(world_size) if other != rank]
        self.limit = limit
        self.stop = stop or _end_process
        self.interval = min(10.0, limit / 20)
        self._progress = (0, 'starts')
        self._since = time.monotonic()
        self._beats = 0
        self._heard: dict[int, tuple[str, float]] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def end(self) -> None:
        """Stop watching."""
        self._ended.set()
        self._thread.join()
        if self.rank == 0:
            shutil.rmtree(self.folder, ignore_errors=True)

    def note(self, step: int, what: str) -> None:
        """Record how far this rank has got.

        Args:
            step (int): A number that grows with each iteration.
            what (str): What the rank is starting to do, a verb in the third person.
        """
        self._progress, self._since = (step, what), time.monotonic()

    def _run(self) -> None:
        while True:
            # A brief disk failure must not end the training.
            with suppress(OSError):
                self._beat()
                waited = time.monotonic() - self._since
                late = self._late() if waited > self.limit / 2 else []
                if late and waited > self.limit:
                    self.stop(self._message(late, waited))
                    return
            if self._ended.wait(self.interval):
                return

    def _beat(self) -> None:
        self._beats += 1
        step, what = self._progress
        write_text(self.folder / str(self.rank), f'{self._beats} {step} {what}')

    def _late(self) -> list[str]:
        """What the ranks that do not answer or are behind are doing."""
        now, late = time.monotonic(), []
        for other in self.others:
            path = self.folder / str(other)
            if not path.is_file():
                continue  # Ended, or on a machine that does not share the folder.
            text = path.read_text()
            before, heard = self._heard.get(other, ('', now))
            self._heard[other] = (text, heard if text == before else now)
            _, step, what = text.split(' ', 2)
            if now - self._heard[other][1] > _MISSED * self.interval:
                late.append(f'rank {other} does not answer (stopped?): it {what} at step {step}')
            elif int(step) < self._progress[0]:
                late.append(f'rank {other} is behind: it {what} at step {step}')
        return late

    def _message(self, late: list[str], waited: float) -> str:
        step, what = self._progress
        return (
            f'Rank {self.rank} {what} at step {step} and has waited for {waited:.0f} seconds. '
            f'{"; ".join(late)}. The run ends; --resume continues from its last checkpoint.'
        )


def _end_process(message: str) -> None:
    print(message, file=sys.stderr, flush=True)
    # The main thread waits in a call that cannot be interrupted.
    os._exit(1)
