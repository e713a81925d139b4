"""Checkpoints by address: a file, a known name, a URL, or a name of a model zoo."""

import hashlib
import re
import shutil
from contextlib import closing
from pathlib import Path
from typing import Union
from urllib.parse import urlparse
from urllib.request import urlopen

import torch
from mmengine.logging import print_log

from mmaddp.utils.atomic import atomic_path
from mmaddp.utils.hashing import file_sha256
from mmaddp.weights.checkpoint import extract_state_dict, load_from_local
from mmaddp.weights.known_weights import SCHEME, local_file

WEB = ('http', 'https')
ZOO = ('modelzoo', 'torchvision', 'mmcls', 'open-mmlab', 'openmmlab')
# torchvision and OpenMMLab put the beginning of the SHA-256 into their file names.
_HASH_IN_NAME = re.compile(r'-([0-9a-f]{8,64})\.\w+$')
_HALF_HOUR = 1800


def load_from_address(filename: str, map_location=None) -> dict:
    """Read a checkpoint weights-only, wherever it is; official names are converted to ours.

    Args:
        filename (str): A local file, ``mmaddp://NAME``, a URL, or ``SCHEME://NAME`` of a model
            zoo: torchvision, mmcls, open-mmlab.
        map_location: As in :func:`torch.load`. Defaults to None.

    Returns:
        dict: What the file holds.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is damaged, holds more than data, or the address is not supported.
    """
    checkpoint = load_from_local(str(local_path(filename)), map_location)
    if str(filename).startswith('mmcls://'):
        return dict(state_dict=extract_state_dict(checkpoint, filename, 'backbone.'))
    return checkpoint


def local_path(address: Union[str, Path]) -> Path:
    """The local file that an address leads to; a URL is downloaded once.

    Raises:
        FileNotFoundError: The known weights have not been downloaded.
        ValueError: The address does not lead to a file.
    """
    address = str(address)
    scheme = address.partition('://')[0] if '://' in address else ''
    if not scheme or address.startswith(SCHEME):
        return local_file(address)
    if scheme in WEB:
        return _download(address)
    if scheme in ZOO:
        return _download(_zoo_url(address))
    raise ValueError(f'{address} cannot be read safely: copy it to a local file and name that.')


def cache_file(url: str) -> Path:
    """Path of the download of a URL: URLs that end alike still get separate files."""
    name = Path(urlparse(url).path).name or 'download'
    digest = hashlib.sha256(url.encode()).hexdigest()[:12]
    return Path(torch.hub.get_dir()) / 'checkpoints' / 'mmaddp' / digest / name


def _download(url: str) -> Path:
    """Download a whole file, unless it is there already.

    Raises:
        OSError: The address cannot be reached.
        ValueError: The download was cut off, or the file does not match its name.
    """
    path = cache_file(url)
    if path.is_file():
        return path
    print_log(f'Downloading {url} to {path}', logger='current')
    with closing(urlopen(url, timeout=_HALF_HOUR)) as answer, atomic_path(path) as unfinished:
        with unfinished.open('wb') as file:
            shutil.copyfileobj(answer, file)
        size, announced = unfinished.stat().st_size, answer.headers.get('Content-Length')
        if announced is not None and size != int(announced):
            raise ValueError(
                f'The download of {url} was cut off: {size} of {announced} bytes. Try again.'
            )
        hashed = _HASH_IN_NAME.search(path.name)
        if hashed and not file_sha256(unfinished).startswith(hashed[1]):
            raise ValueError(
                f'{url} gave another file than its name says: the SHA-256 does not begin with '
                f'{hashed[1]}. Download it by hand, and give the file.'
            )
    return path


def _zoo_url(address: str) -> str:
    from mmengine.runner.checkpoint import (
        get_deprecated_model_names,
        get_external_models,
        get_mmcls_models,
        get_torchvision_models,
    )

    scheme, _, name = address.partition('://')
    if scheme in ('modelzoo', 'torchvision'):
        models = get_torchvision_models()
    elif scheme == 'mmcls':
        models = get_mmcls_models()
    else:
        models = get_external_models()
        name = get_deprecated_model_names().get(name, name)
    if '://' not in models.get(name, ''):
        raise ValueError(f'{address} is not a known checkpoint address; give a file or a URL.')
    return models[name]
