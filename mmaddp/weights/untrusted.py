"""Files that somebody else may have written: read as plain data, or refused.

A pickle can run any program while it is read, and a checkpoint of PyTorch holds one. Nothing in it
is run here.
"""

import argparse
import pickle
import re
import zipfile
from pathlib import Path
from typing import Any, Union

import torch

# The released files keep their command line in them; see mmaddp.weights.checkpoint.
SAFE_GLOBALS = (argparse.Namespace,)

# How files of torch.save start: zip archives, and pickles before torch 1.6.
_MAGICS = (b'PK\x03\x04', b'\x80\x02\x8a\x0a')
_REFUSED = re.compile(r'GLOBAL (\S+) was not an allowed global')
_DAMAGED = (EOFError, OSError, RuntimeError, ValueError, KeyError, TypeError, IndexError)


def read_torch_file(path: Union[str, Path], map_location=None) -> Any:
    """Read what ``torch.save`` wrote: tensors, plain containers and ``argparse.Namespace``.

    Args:
        path (str | Path): The file.
        map_location: As in :func:`torch.load`. Defaults to None.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is cut off, of another kind, or holds an object that is no plain data; the
            message names that object.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f'There is no file {path}.')
    if is_torchscript(path):
        raise ValueError(
            f'{path} is refused: it is a TorchScript archive, which is a program and not weights. '
            'Load it where it is trusted and save its state dict alone.'
        )
    try:
        with torch.serialization.safe_globals(list(SAFE_GLOBALS)):
            return torch.load(path, map_location=map_location, weights_only=True)
    except pickle.UnpicklingError as error:
        refused = _REFUSED.search(str(error))
        if refused:
            raise ValueError(
                f'{path} is refused: it holds a {refused.group(1)}, and building that object could '
                'run code. If you trust the file, load it where it was made and save its state '
                'dict alone.'
            ) from error
        raise _unreadable(path) from error
    except _DAMAGED as error:
        raise _unreadable(path) from error


def is_torchscript(path: Path) -> bool:
    """Whether a file is an archive of ``torch.jit.save``."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.rpartition('/')[2] == 'constants.pkl' for name in archive.namelist())


def _unreadable(path: Path) -> ValueError:
    with path.open('rb') as file:
        cut_off = file.read(4) in (*_MAGICS, b'')
    if cut_off:
        return ValueError(
            f'The checkpoint {path} is cut off or damaged ({path.stat().st_size} bytes): copy or '
            'download it again.'
        )
    return ValueError(
        f'{path} is no checkpoint that torch.save or safetensors wrote; if it was downloaded, look '
        'whether it is a web page instead.'
    )
