"""Import the hosts, then fork for each client and run what it asks for.

    python server.py SOCKET

It ends when its standard input does.
"""

import atexit
import contextlib
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
import threading
import traceback
import types
import warnings
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).parents[2]
# mmaddp changes hosts, so it comes first.
HOSTS = (
    *('mmaddp', 'mmengine.runner', 'mmpretrain.apis', 'mmpretrain.datasets', 'mmdet.apis'),
    *('mmseg.apis', 'torch.distributed.run'),
)


def accept(listener: socket.socket) -> dict:
    """Wait for clients; return in a process of its own what one of them asks for."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for a handler
    while True:
        ready, _, _ = select.select([listener, sys.stdin], [], [])
        if sys.stdin in ready:
            os._exit(0)
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            return start(connection)
        connection.close()


def start(connection: socket.socket) -> dict:
    """Return the request in a child; the parent reports how it ends, and does not return."""
    _, streams, *_ = socket.recv_fds(connection, 1, 3)
    request = json.loads(connection.makefile().readline())
    child = os.fork()
    if child == 0:
        if request['leads']:  # a session, as each rank of torchrun does
            os.setsid()
        target = -os.getpid() if os.getsid(0) == os.getpid() else os.getpid()
        connection.sendall(b'%d\n' % target)
        connection.close()
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        return request
    for stream in streams:
        os.close(stream)
    ended = os.pidfd_open(child)
    ready, _, _ = select.select([ended, connection], [], [])
    if ended not in ready:  # the client was killed
        os.kill(-child if request['leads'] else child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    if ended in ready:
        connection.sendall(b'%d\n' % status)
    os._exit(0)


def run_to_the_end(**asked) -> NoReturn:
    """End as Python does, but leave memory to the system: to give it back takes two seconds."""
    status = 0
    try:
        run(**asked)
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException as error:
        traceback.print_exception(error)
        status = -signal.SIGINT if isinstance(error, KeyboardInterrupt) else 1
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    if status < 0:
        signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    os._exit(status)


def run(
    arguments: list[str], folder: str, environment: dict[str, str], client: int, leads: bool
) -> None:
    """Do what ``python ARGUMENT ...`` would, in a folder and an environment."""
    take_parent_of(Path(f'/proc/{client}/stat'))
    sys.executable = str(Path(sys.argv[1]).with_name('python'))
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    prepare()
    while arguments[0] in ('-u', '-W'):
        if arguments.pop(0) == '-u':
            sys.stdout.reconfigure(write_through=True)
        else:
            warnings.simplefilter(arguments.pop(0))
    word = arguments.pop(0)
    places = filter(None, environment.get('PYTHONPATH', '').split(os.pathsep))
    first = '' if word in ('-c', '-m') else str(Path(word).resolve().parent)
    sys.path[:] = [first, *places, *sys.path]
    if word == '-c':
        sys.argv = ['-c', *arguments[1:]]
        main = sys.modules['__main__'] = types.ModuleType('__main__')
        exec(compile(arguments[0], '<string>', 'exec'), vars(main))
    elif word == '-m':
        sys.argv = arguments
        runpy.run_module(arguments[0], run_name='__main__', alter_sys=True)
    else:
        sys.argv = [word, *arguments]
        runpy.run_path(word, run_name='__main__')


def take_parent_of(process: Path) -> None:
    """Let the parent of another process be that of this one; its own children keep theirs."""
    own, real = os.getpid(), os.getppid

    def getppid() -> int:
        if os.getpid() != own:
            return real()
        return int(process.read_text().rpartition(')')[2].split()[1])

    os.getppid = getppid


def prepare() -> None:
    """What a new process has for itself, though it was forked."""
    import numpy as np
    import torch

    # Where tests run in the background, the server ignores it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    np.random.seed()
    torch.set_num_threads(int(os.environ.get('OMP_NUM_THREADS', os.cpu_count())))


def import_hosts() -> None:
    """Import what takes seconds."""
    places = list(sys.path)
    # Without the root: what is installed is looked up as in any process, in which it is not.
    sys.path[:] = [str(ROOT / 'tests'), *places[1:]]
    for name in HOSTS:
        with contextlib.suppress(ModuleNotFoundError):
            importlib.import_module(name)
    import quick_hosts

    quick_hosts.install()
    quick_hosts.freeze()  # what a child does not look through is not copied for it either
    sys.path[:] = places[1:]


if __name__ == '__main__':
    door = socket.socket(socket.AF_UNIX)
    door.bind(sys.argv[1])
    door.listen(64)
    import_hosts()
    asked = accept(door)
    door.close()
    run_to_the_end(**asked)
