"""From the command line to a page that is served."""

import socket
from collections.abc import Sequence
from typing import Optional

from mmaddp.web.limits import Limits
from mmaddp.web.menu import at_hand, named

NEEDED = 'gradio'


def start(
    sources: Sequence[str],
    host: str,
    port: int,
    limits: Sequence,
    device: Optional[str] = None,
) -> None:
    """Serve the page until the process is told to end.

    Args:
        sources (Sequence[str]): Models; all that are at hand, if there are none.
        host (str): Address to listen on.
        port (int): Port; 0 for a free one.
        limits (Sequence): The first ones of :class:`Limits`.
        device (str, optional): Where the networks compute. Defaults to None: the GPU if there is
            one.

    Raises:
        FileNotFoundError: There is no such model.
        OSError: The address cannot be listened on.
        ValueError: gradio is not installed, or there is no model.
    """
    try:
        from mmaddp.web.server import is_local, server_of
        from mmaddp.web.site import Site
    except ModuleNotFoundError as error:
        if error.name != NEEDED:
            raise
        raise ValueError('The page needs gradio: pip install "mmaddp[web]".') from None
    choices = named(sources) if sources else at_hand()
    site = Site(choices, Limits(*limits), device)
    listening = listen(host, port)
    with listening, server_of(site, host) as server:
        if not is_local(host):
            print(f'Everyone who reaches {host} can use this page; it asks for no password.')
        shown = f'[{host}]' if ':' in host else host
        print(f'http://{shown}:{listening.getsockname()[1]} (Ctrl-C ends it)', flush=True)
        server.run(sockets=[listening])


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Raises:
        OSError: The address is not one of this machine, or the port is taken.
    """
    family = socket.AF_INET6 if ':' in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise OSError(
            f'{host}, port {port}, cannot be listened on ({error.strerror or error}): choose '
            'another --port, 0 for a free one, or another --host.'
        ) from error
