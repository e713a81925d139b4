"""Processes that end with the one that started them."""

import os
import signal
import threading
import time
from typing import Optional

SECONDS_BETWEEN_LOOKS = 1.0


def end_with_parent(parent: Optional[int] = None) -> None:
    """End this process when its parent is gone, however the parent ended.

    A thread looks once a second; it works on every system with process ids.

    Args:
        parent (int, optional): Process id of the parent, so that a parent which is already gone
            is noticed. Defaults to None: the parent at the time of the call.
    """
    parent = os.getppid() if parent is None else parent

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(SECONDS_BETWEEN_LOOKS)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, name='end_with_parent', daemon=True).start()
