"""Small files from the web, read into memory."""

from contextlib import closing
from http.client import HTTPException
from urllib.request import urlopen

SCHEMES = ('http://', 'https://')
# Bytes of the largest file, and seconds without an answer.
LIMIT = 64 * 2**20
TIMEOUT = 30


def is_url(text: object) -> bool:
    """Whether something is an address of the web."""
    return isinstance(text, str) and text.lower().startswith(SCHEMES)


def fetch_bytes(url: str, limit: int = LIMIT, timeout: float = TIMEOUT) -> bytes:
    """Read a file from the web.

    Args:
        url (str): http or https.
        limit (int): Most bytes that are read. Defaults to ``LIMIT``, 64 MiB.
        timeout (float): Seconds to wait for an answer. Defaults to ``TIMEOUT``.

    Returns:
        bytes: The whole file.

    Raises:
        OSError: The address cannot be reached.
        ValueError: It is no such address, or the file is too large.
    """
    if not is_url(url):
        raise ValueError(f'{url} is not an address of the web (http or https).')
    try:
        with closing(urlopen(url, timeout=timeout)) as answer:
            content = answer.read(limit + 1)
    except (OSError, HTTPException) as error:
        raise OSError(f'{url} cannot be read: {error}') from error
    if len(content) > limit:
        raise ValueError(f'{url} is larger than {limit} bytes: download it by hand.')
    return content
