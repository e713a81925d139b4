"""Runs a tool in its own process, with a log and progress on the screen."""

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Optional

from mmaddp.own.stage import StageFailed

STARTER = Path(__file__).with_name('start_tool.py')
MILESTONES = ('Epoch(val)', '_mAP: ', 'mIoU: ', 'Wrote', ' made', 'accepted')
PROGRESS = ('Epoch(train)', 'Iter(train)')
SECONDS_PER_LINE = 5
# After this many seconds without output, the screen says that the tool is still running.
SECONDS_OF_SILENCE = 15
LINES_OF_AN_ERROR = 15
SECONDS_TO_END = 10


def run_tool(
    tool: Path,
    arguments: list[str],
    folder: Path,
    log: Path,
    shorten: Callable[[str], str] = str.strip,
) -> None:
    """Run a tool to its end; it ends when this process does, for whatever reason.

    Args:
        tool (Path): Python file, relative to ``folder``.
        arguments (list[str]): Its arguments.
        folder (Path): Where it runs.
        log (Path): File that its output is appended to.
        shorten (Callable): Makes of a line what the screen shows of it. Defaults to the whole line.

    Raises:
        StageFailed: The tool fails; the message ends with its last lines.
    """
    command = [sys.executable, str(STARTER), str(os.getpid()), str(tool), *arguments]
    last: deque[str] = deque(maxlen=LINES_OF_AN_ERROR)
    with (
        log.open('a', encoding='utf-8') as file,
        # A group of its own, so that its workers can be ended with it.
        subprocess.Popen(
            command,
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding='utf-8',
            errors='replace',
            start_new_session=True,
        ) as process,
    ):
        try:
            screen = _Screen(tool.name, shorten)
            for line in _lines(process.stdout):
                if line is not None:
                    file.write(line)
                    last.append(line)
                screen.show(line)
        except BaseException:
            _end(process)
            raise
    if process.returncode:
        raise StageFailed(
            f'{" ".join([str(tool), *arguments])} failed with status {process.returncode}; the '
            f'whole log is {log}. Its end:\n{"".join(last)}'
        )


class _Screen:
    """Decides which part of a tool's output is shown."""

    def __init__(self, tool: str, shorten: Callable[[str], str]) -> None:
        self.tool = tool
        self.shorten = shorten
        self.started = self.shown = time.monotonic()

    def show(self, line: Optional[str]) -> None:
        """Take a line, or None if a second has passed without one."""
        now = time.monotonic()
        waited = now - self.shown
        if line is None:
            line = f'{self.tool}: {now - self.started:.0f} s so far'
            due = waited > SECONDS_OF_SILENCE
        else:
            is_progress = any(word in line for word in PROGRESS)
            due = is_progress and waited > SECONDS_PER_LINE
            due = due or any(word in line for word in MILESTONES)
        if due:
            self.shown = now
            print('   ', self.shorten(line), flush=True)


def _lines(stream: IO[str]) -> Iterator[Optional[str]]:
    """Yield the lines of a stream; None for each second without one."""
    lines: queue.Queue[str] = queue.Queue()

    def read() -> None:
        for line in stream:
            lines.put(line)
        lines.put('')

    threading.Thread(target=read, daemon=True).start()
    while True:
        try:
            line = lines.get(timeout=1)
        except queue.Empty:
            yield None
            continue
        if not line:
            return
        yield line


def _end(process: subprocess.Popen) -> None:
    """End a tool and its workers."""
    for sent in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sent)
            process.wait(SECONDS_TO_END)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
