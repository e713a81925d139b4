"""Whether a resumed training takes as many images for an update as before."""

from collections.abc import Mapping
from typing import Any


def check_images_per_update(before: Mapping[str, Any], now: Mapping[str, Any], source: str) -> None:
    """Refuse to continue with other updates, which the schedules and the epochs would not fit.

    Args:
        before (Mapping): Position of the training in a checkpoint, see the training loops:
            ``num_ranks``, ``batch_size`` of a rank, None where it is not known, and
            ``accumulation``, batches per update.
        now (Mapping): Position of the resumed training.
        source (str): The checkpoint.

    Raises:
        ValueError: Images per batch of all ranks, or batches per update, are others.
    """
    if before['batch_size'] is None or now['batch_size'] is None:
        return
    if images_per_batch(before) == images_per_batch(now) and (
        before['accumulation'] == now['accumulation']
    ):
        return
    raise ValueError(
        f'{source} was trained with {described(before)}; this run has {described(now)}. Steps, '
        'epochs and learning rate would no longer fit together. With --keep-batch, '
        'tools/train.py goes on with the images per update of the checkpoint on any number of '
        'processes that divides them (if the run began with --total-batch, give that again '
        'instead). For updates of another size begin a new training from these weights: leave '
        f'--resume out and give --cfg-options load_from={source}'
    )


def images_per_batch(position: Mapping[str, Any]) -> int:
    """Images that all ranks together take for a batch."""
    return position['num_ranks'] * position['batch_size']


def described(position: Mapping[str, Any]) -> str:
    """Images per update, and what they come from."""
    ranks, images, accumulated = (
        position[key] for key in ('num_ranks', 'batch_size', 'accumulation')
    )
    return (
        f'{ranks * images * accumulated} images per update ({ranks} ranks x {images} images x '
        f'{accumulated} batches accumulated)'
    )
