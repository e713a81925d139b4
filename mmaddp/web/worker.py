"""One thread that does all the work of the networks, job after job."""

import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

Result = TypeVar('Result')
Report = Callable[[Any], None]


class Stopped(Exception):
    """Nobody waits for a job any more."""


class Worker:
    """Owns the networks: they are shared by all users, and never used by two jobs at once."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix='networks')
        self._closed = threading.Event()

    def run(self, work: Callable[..., Result], *arguments: Any) -> Result:
        """Do a job and return its result."""
        return self._thread.submit(work, *arguments).result()

    def stream(self, work: Callable[[Report], None]) -> Iterator[Any]:
        """Do a job and yield what it reports.

        Once the iterator is closed, which is what happens when the user leaves, the next report
        ends the job.

        Args:
            work (Callable): Gets a function to report with.

        Yields:
            Any: What was reported, in order.
        """
        reports: queue.SimpleQueue = queue.SimpleQueue()
        left, end = threading.Event(), object()

        def report(found: Any) -> None:
            if left.is_set() or self._closed.is_set():
                raise Stopped
            reports.put(found)

        job = self._thread.submit(_unless_left, left, work, report)
        job.add_done_callback(lambda _: reports.put(end))
        try:
            while (found := reports.get()) is not end:
                yield found
            job.result()
        finally:
            left.set()

    def close(self) -> None:
        """End the current job at its next report, and begin no other."""
        self._closed.set()
        self._thread.shutdown(wait=True, cancel_futures=True)


def _unless_left(left: threading.Event, work: Callable[[Report], None], report: Report) -> None:
    try:
        if not left.is_set():
            work(report)
    except Stopped:
        pass
