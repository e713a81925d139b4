"""Files that somebody else may have written: read as plain data, or refused.

A pickle can run any program while it is read, and the checkpoints of PyTorch and the ``.npz`` files
of NumPy may hold pickles. Nothing here runs one.
"""

import argparse
import pickle
import re
import zipfile
from pathlib import Path
from typing import Any, Union

import numpy as np
import torch

# The released files keep their command line in them; see mmaddp.utils.checkpoint.
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
    path = existing_file(path)
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


def check_feature_weights(path: Union[str, Path]) -> str:
    """Make sure that weights may be given to a library that unpickles them without a check.

    torch-fidelity does so with the weights of its feature extractors.

    Args:
        path (str | Path): A state dict that ``torch.save`` wrote, such as
            ``weights-inception-2015-12-05-6726825d.pth``.

    Returns:
        str: The absolute path.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It holds anything but tensors by name, is damaged, or is a TorchScript archive.
    """
    path = existing_file(path)
    # The library reads with the pickle module: only what torch.load accepts may reach it.
    content = read_torch_file(path, 'cpu')
    if not isinstance(content, dict) or not all(map(torch.is_tensor, content.values())):
        raise ValueError(f'{path} is refused: it holds more than tensors by name.')
    return str(path.resolve())


def load_arrays(path: Union[str, Path]) -> dict[str, np.ndarray]:
    """Read all arrays of an ``.npz`` file; pickled ones are refused.

    Args:
        path (str | Path): The file.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: An array holds Python objects, which are pickled, or the file is damaged or no
            ``.npz`` file.
    """
    path = existing_file(path)
    if not zipfile.is_zipfile(path):
        raise ValueError(f'{path} is no .npz file, or it is cut off: copy or download it again.')
    arrays = {}
    with np.load(path, allow_pickle=False) as file:
        for name in file.files:
            try:
                arrays[name] = file[name]
            except ValueError as error:
                raise ValueError(
                    f'{path} is refused: its array {name!r} cannot be read without unpickling '
                    'Python objects, which could run code.'
                ) from error
            except (zipfile.BadZipFile, EOFError, OSError) as error:
                raise ValueError(f'{path} is damaged at {name!r}: {error}.') from error
            if not isinstance(arrays[name], np.ndarray):
                raise ValueError(f'{path} is refused: its member {name!r} is no array.')
    return arrays


def is_torchscript(path: Path) -> bool:
    """Whether a file is an archive of ``torch.jit.save``."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.rpartition('/')[2] == 'constants.pkl' for name in archive.namelist())


def existing_file(path: Union[str, Path]) -> Path:
    """The path of a file that must be there.

    Raises:
        FileNotFoundError: It is not.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f'There is no file {path}.')
    return path


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
