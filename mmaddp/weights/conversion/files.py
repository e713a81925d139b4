"""Writing converted weights."""

from collections.abc import Mapping
from pathlib import Path
from typing import Union

import torch
from safetensors.torch import save_file
from torch import Tensor

from mmaddp.utils.atomic import atomic_path
from mmaddp.utils.hashing import file_sha256
from mmaddp.version import __version__
from mmaddp.weights.known_weights import local_file
from mmaddp.weights.tensors import not_finite


def convert_meta(source: Union[str, Path], **more: str) -> dict[str, str]:
    """Where converted weights come from.

    Args:
        source (str | Path): The file that was converted.
        **more (str): Further entries.

    Returns:
        dict[str, str]: Name and SHA-256 of the source, version of the converter, and ``more``.
    """
    path = local_file(source)
    return dict(
        source=path.name,
        source_sha256=file_sha256(path),
        converter=f'mmaddp {__version__}',
        **more,
    )


def write_weights(
    path: Union[str, Path],
    state_dict: Mapping[str, Tensor],
    meta: Mapping[str, str],
    key: str = 'state_dict',
) -> None:
    """Write weights so that a weights-only load reads them; the file is complete or absent.

    Args:
        path (str | Path): A ``.pth`` file, ``{key: ..., 'meta': ...}``; or a ``.safetensors`` file
            with tensors by name and the meta data in its header.
        state_dict (Mapping): Tensors by name.
        meta (Mapping): What is known about them.
        key (str): Where the tensors go in a ``.pth`` file. Defaults to ``'state_dict'``.

    Raises:
        ValueError: The name ends in anything else, or a tensor holds NaN.
    """
    path = Path(path)
    check_ending(path)
    bad = not_finite(state_dict)
    if bad:
        raise ValueError(f'The weights {", ".join(bad[:5])} are not finite: {path} is not written.')
    tensors = _without_shared_memory(state_dict)
    with atomic_path(path, durable=True) as unfinished:
        if path.suffix == '.safetensors':
            save_file(tensors, unfinished, dict(meta))
        else:
            # Through a file object, because its errors say what is wrong with the disk.
            with unfinished.open('wb') as file:
                torch.save({key: tensors, 'meta': dict(meta)}, file)


def check_ending(path: Union[str, Path]) -> None:
    """Refuse a name that says nothing about the format.

    Raises:
        ValueError: It ends neither in .pth nor in .safetensors.
    """
    if Path(path).suffix not in ('.pth', '.safetensors'):
        raise ValueError(f'{path} must end in .pth or .safetensors.')


def _without_shared_memory(state_dict: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Contiguous tensors that own their memory, which safetensors demands; copies where needed."""
    tensors, seen = {}, set()
    for name, tensor in state_dict.items():
        tensor = tensor.detach().cpu().contiguous()
        is_view = tensor.untyped_storage().nbytes() != tensor.nbytes
        if is_view or tensor.data_ptr() in seen:
            tensor = tensor.clone()
        seen.add(tensor.data_ptr())
        tensors[name] = tensor
    return tensors
