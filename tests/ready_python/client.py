"""Hand arguments, folder, environment and streams to a server; end as the process there does.

    python -IS client.py SOCKET [ARGUMENT_OF_PYTHON ...]

Arguments that the server does not know start a Python of their own.
"""

import json
import os
import signal
import socket
import sys

FORWARDED = {
    *(signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM),
    *(signal.SIGUSR1, signal.SIGUSR2),
}


def known(arguments: list[str]) -> bool:
    """Whether they are ``[-u] [-W WHAT] (-c CODE | -m MODULE | SCRIPT)``."""
    words = iter(arguments)
    for word in words:
        if word == '-W':
            next(words, None)
        elif word != '-u':
            return word in ('-c', '-m') or not word.startswith('-')
    return False


def main() -> None:
    address, *arguments = sys.argv[1:]
    if not known(arguments):
        os.execv(sys.executable, [sys.executable, *arguments])
    signal.pthread_sigmask(signal.SIG_BLOCK, FORWARDED)
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(address)
    socket.send_fds(connection, [b'.'], [0, 1, 2])
    request = dict(arguments=arguments, folder=os.getcwd(), environment=dict(os.environ))
    request |= dict(client=os.getpid(), leads=os.getsid(0) == os.getpid())
    connection.sendall(json.dumps(request).encode() + b'\n')
    answers = connection.makefile()
    target = int(answers.readline())  # negative: with all that it has started
    for number in FORWARDED:
        signal.signal(number, lambda number, _: os.kill(target, number))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, FORWARDED)
    status = int(answers.readline())
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number != signal.SIGKILL:
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    os._exit(os.WEXITSTATUS(status))


main()
