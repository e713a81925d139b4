"""Features of pictures in a file, for tools/analysis_tools/extract_features.py."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors.torch import save_file
from torch import Tensor

from mmaddp.utils.atomic import atomic_path

ENDINGS = ('.npz', '.safetensors')


def write_features(file: Path, features: Tensor, names: Sequence[str]) -> None:
    """Write features and the names of what they belong to.

    Args:
        file (Path): Ends in ``.npz`` (arrays ``features`` and ``names``) or in ``.safetensors``
            (tensor ``features``; the metadata entry ``names`` is a list in JSON).
        features (Tensor): Shape (N, ...).
        names (Sequence[str]): N names.

    Raises:
        ValueError: The file has another ending.
    """
    check_ending(file)
    assert len(features) == len(names)
    file.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(file) as unfinished:
        if file.suffix == '.npz':
            with unfinished.open('wb') as stream:
                np.savez(stream, features=features.numpy(), names=np.array(list(names)))
        else:
            metadata = dict(names=json.dumps(list(names)))
            save_file(dict(features=features.contiguous()), unfinished, metadata)


def check_ending(file: Path) -> None:
    """Raise ValueError for a file that ends in neither ``.npz`` nor ``.safetensors``."""
    if file.suffix not in ENDINGS:
        raise ValueError(f'Features are written to {" or ".join(ENDINGS)} files, not to {file}.')
