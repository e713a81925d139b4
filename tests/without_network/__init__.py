"""Processes that have no network, and a list of what they ask it for.

Where the system allows it, they run in a network namespace of their own, in which there is no
interface. Everywhere, each Python among them writes down whom it looks up or connects to
(:mod:`without_network.sitecustomize`), also if it goes on when nobody answers.
"""

import functools
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

ASKED = 'MMADDP_TESTS_ASKED'


@functools.cache
def prefix() -> tuple[str, ...]:
    """Words before a command that take its network away; none where that is not allowed."""
    for words in (('unshare', '--net'), ('unshare', '--map-root-user', '--net')):
        try:
            if subprocess.run([*words, 'true'], capture_output=True).returncode == 0:
                return words
        except FileNotFoundError:
            break
    return ()


def environment(record: Path) -> Mapping[str, str]:
    """Variables with which every Python that is started writes into ``record``."""
    record.touch()
    paths = [str(Path(__file__).parent), *filter(None, [os.environ.get('PYTHONPATH')])]
    return os.environ | {'PYTHONPATH': os.pathsep.join(paths), ASKED: str(record)}
