"""Signals that ask a process to stop soon, noted instead of obeyed."""

import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Optional

# What Slurm, Kubernetes, cloud providers and people send before they take a machine away.
SIGNALS = (signal.SIGTERM, signal.SIGUSR1)
_SECONDS_BETWEEN_LOOKS = 0.5


class StopRequest:
    """Notes the first of some signals, so that the process can stop at a place of its choice.

    A process that waits for another one, which has died, never reaches such a place, and SIGTERM is
    also what launchers send to the others then. So a thread ends it if it is in a section that
    :meth:`begin` has opened and does not leave that within ``patience`` seconds of the signal.

    Signals can only be noted in the main thread of a process: elsewhere nothing happens.

    Args:
        patience (float): Seconds.
        signals (Sequence[Signals]): Defaults to SIGTERM and SIGUSR1.

    Attributes:
        received (str, optional): Name of the signal; None before there was one.
    """

    def __init__(self, patience: float, signals: Sequence[signal.Signals] = SIGNALS) -> None:
        self.patience = patience
        self.signals = signals
        self.received: Optional[str] = None
        self._since: Optional[float] = None
        self._previous: dict[signal.Signals, Any] = {}

    def start(self) -> None:
        """Begin to note signals."""
        if threading.current_thread() is not threading.main_thread():
            return
        for number in self.signals:
            self._previous[number] = signal.signal(number, self._note)
        # Python's handlers wait for the call that the main thread is in; this pipe does not.
        self._read_end, self._write_end = os.pipe()
        os.set_blocking(self._write_end, False)
        self._previous_end = signal.set_wakeup_fd(self._write_end, warn_on_full_buffer=False)
        threading.Thread(target=self._watch, args=(self._read_end,), daemon=True).start()

    def end(self) -> None:
        """Handle signals as before."""
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        if self._previous:
            signal.set_wakeup_fd(self._previous_end)
            os.close(self._write_end)  # which ends the thread
        self._previous = {}

    def ignore(self) -> None:
        """Ignore further signals: the process is stopping."""
        for number in self._previous:
            signal.signal(number, signal.SIG_IGN)

    def begin(self) -> None:
        """Open a section that has to end soon after a signal."""
        self._since = time.monotonic()

    def leave(self) -> None:
        """Close it."""
        self._since = None

    def _note(self, number: int, _frame: Any) -> None:
        self.received = self.received or signal.Signals(number).name

    def _watch(self, read_end: int) -> None:
        while True:
            numbers = os.read(read_end, 1)
            if not numbers:
                os.close(read_end)
                return
            if numbers[0] in self.signals:
                break
        asked = time.monotonic()
        while True:
            since = self._since
            if since is not None and time.monotonic() - max(since, asked) > self.patience:
                with suppress(OSError):
                    print(self._message(numbers[0]), file=sys.stderr, flush=True)
                # The main thread may be in a call that cannot be interrupted.
                os._exit(1)
            time.sleep(_SECONDS_BETWEEN_LOOKS)

    def _message(self, number: int) -> str:
        return (
            f'{signal.Signals(number).name}: nothing was finished within {self.patience:g} seconds '
            'of it. Another process may have ended. This one ends without saving.'
        )
