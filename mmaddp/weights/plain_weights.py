"""The weights of a training checkpoint alone, in a file that every tool opens."""

from collections.abc import Mapping
from pathlib import Path
from typing import Union

from mmaddp.weights.checkpoint import extract_state_dict
from mmaddp.weights.conversion.files import write_weights
from mmaddp.weights.plain_header import plain_header
from mmaddp.weights.shards import with_tensors
from mmaddp.weights.untrusted import read_torch_file

SUFFIX = '.safetensors'


def plain_file(checkpoint: Union[str, Path]) -> Path:
    """Where the plain weights of a checkpoint are: ``epoch_3.safetensors`` for ``epoch_3.pth``."""
    return Path(checkpoint).with_suffix(SUFFIX)


def write_plain_file(checkpoint: Union[str, Path]) -> Path:
    """Write the plain weights of a checkpoint beside it.

    Args:
        checkpoint (str | Path): A ``.pth`` file of this run.

    Returns:
        Path: The file.

    Raises:
        OSError: The disk is full, for instance.
        ValueError: The checkpoint is damaged, or its weights are not finite.
    """
    content = with_tensors(read_torch_file(checkpoint, 'cpu', on_disk=True), checkpoint)
    target = plain_file(checkpoint)
    write_plain_weights(target, content, str(checkpoint))
    return target


def write_plain_weights(path: Union[str, Path], checkpoint: Mapping, source: str) -> None:
    """Write the weights that a test of a checkpoint uses; the averaged ones if it holds averages.

    The header holds what a test compares with its data: see
    :func:`mmaddp.weights.plain_header.plain_header`.

    Args:
        path (str | Path): File to write, ``.safetensors``.
        checkpoint (Mapping): Content of the checkpoint.
        source (str): Where it came from, for messages.

    Raises:
        OSError: The disk is full, for instance.
        ValueError: There are no weights, or they are not finite.
    """
    meta = checkpoint.get('meta')
    header = plain_header(meta if isinstance(meta, Mapping) else {})
    write_weights(path, extract_state_dict(checkpoint, source), header)
