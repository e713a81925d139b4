"""Every Python that finds this file on its path writes down whom it looks up or connects to."""

import os
import sys

RECORD = os.environ.get('MMADDP_TESTS_ASKED')
HERE = ('localhost', '127.', '::1', '0.0.0.0')


def note(event: str, arguments: tuple) -> None:
    """Write a line for each name that is looked up, and for each address of another machine."""
    if event in ('socket.getaddrinfo', 'socket.gethostbyname'):
        asked = arguments[0]
    elif event in ('socket.connect', 'socket.sendto') and isinstance(arguments[1], tuple):
        asked = arguments[1][0]
    else:
        return
    asked = asked.decode() if isinstance(asked, bytes) else str(asked or 'localhost')
    if not asked.startswith(HERE):
        with open(RECORD, 'a') as record:
            record.write(f'{asked}: {event} of {" ".join(sys.argv)}\n')


if RECORD:
    sys.addaudithook(note)
