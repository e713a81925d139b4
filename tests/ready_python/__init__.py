"""A Python whose imports are done: what it runs begins after 0.1 seconds, not after seven.

A server imports the hosts once, and forks for each start. Arguments are those of ``python``, as far
as :mod:`ready_python.client` knows them; others reach a Python that is started as ever. Streams,
folder, environment, parent, signals, and the way in which it ends, are those of a process, and so
are those of the processes that it starts. Only that the hosts are there before anything else is
imported is different: where that matters, call ``sys.executable``.
"""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent


@contextmanager
def serve(folder: Path) -> Iterator[Path]:
    """Start a server; yield the file to call as Python; end the server.

    Args:
        folder (Path): An empty folder, with a path that is short enough for a socket.
    """
    address, python = folder / 'socket', folder / 'python'
    words = [sys.executable, '-IS', HERE / 'client.py', address]
    python.write_text(f'#!/bin/sh\nexec {shlex.join(map(str, words))} "$@"\n')
    python.chmod(0o755)
    with (folder / 'log.txt').open('w') as log:
        server = subprocess.Popen(
            [sys.executable, str(HERE / 'server.py'), str(address)],
            stdin=subprocess.PIPE,  # it ends with this one
            stdout=log,
            stderr=log,
            env=os.environ | dict(OMP_NUM_THREADS='1'),
        )
    try:
        while not address.exists():
            if server.poll() is not None:
                raise RuntimeError((folder / 'log.txt').read_text())
        yield python
    finally:
        server.communicate()
