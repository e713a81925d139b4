"""What a resumed training reads about its place in the data, and gradients that wait for more."""

from collections.abc import Iterator, Mapping
from typing import Any

import torch

from mmaddp.weights.plain_kinds import is_count, is_text_mapping, shown
from mmaddp.weights.tensors import shapes, tensor_problems

# Entries of a checkpoint.
POSITION = 'position'
GRADIENTS = 'gradients'

LARGEST_COUNT = 10**12
# Numbers of a position, and the least that they may be.
_NUMBERS = dict(batches=0, num_ranks=1, accumulation=1)
_SAMPLES = dict(seed=2**64 - 1, epoch=LARGEST_COUNT, consumed=LARGEST_COUNT)


def position_problems(position: Any, epoch: Any, iteration: Any = None) -> Iterator[str]:
    """Say what is wrong with a position.

    Args:
        position (Any): The entry of a checkpoint; None in older ones.
        epoch (Any): Epoch that it must be in; None where iterations are counted.
        iteration (Any): Iterations so far; None if they are not known. Defaults to None.

    Yields:
        str: A problem.
    """
    if position is None:
        return
    if not is_text_mapping(position):
        yield f'{POSITION} is not a dict'
        return
    for key, least in _NUMBERS.items():
        value = position.get(key)
        if not is_count(value, LARGEST_COUNT) or value < least:
            yield f'{POSITION}.{key} must be a whole number from {least}, got {shown(value)}'
    batches = position.get('batches')
    known = is_count(iteration, LARGEST_COUNT) and is_count(batches, LARGEST_COUNT)
    if known and batches > iteration:
        yield f'{POSITION}.batches is {batches}, but meta.iter is {iteration}'
    if not isinstance(position.get('validated'), bool):
        yield f'{POSITION}.validated must be True or False, got {shown(position.get("validated"))}'
    size = position.get('batch_size', 'nothing')
    if size is not None and not (is_count(size, LARGEST_COUNT) and size):
        yield f'{POSITION}.batch_size must be None or a whole number from 1, got {shown(size)}'
    counts = position.get('counts')
    if not is_text_mapping(counts) or not all(
        is_count(count, LARGEST_COUNT) for count in counts.values()
    ):
        yield f'{POSITION}.counts must hold the batches that each optimizer has had'
    if 'samples' in position:
        yield from _sample_problems(position['samples'], epoch)


def has_stepped(position: Any, name: str, accumulation: int) -> bool:
    """Whether an optimizer has had the batches for an update; also if that is not known.

    Args:
        position (Any): The entry of a checkpoint, not checked.
        name (str): Name of the optimizer.
        accumulation (int): Batches of an update.
    """
    counts = position.get('counts') if is_text_mapping(position) else None
    count = counts.get(name) if is_text_mapping(counts) else None
    return not is_count(count, LARGEST_COUNT) or count >= accumulation


def _sample_problems(samples: Any, epoch: Any) -> Iterator[str]:
    where = f'{POSITION}.samples'
    if not isinstance(samples, Mapping):
        yield f'{where} is not a dict'
        return
    for key, largest in _SAMPLES.items():
        value = samples.get(key)
        if not is_count(value, largest):
            yield f'{where}.{key} must be a whole number from 0 to {largest}, got {shown(value)}'
    known = is_count(epoch, LARGEST_COUNT) and is_count(samples.get('epoch'), LARGEST_COUNT)
    if known and samples['epoch'] != epoch:
        yield f'{where}.epoch is {shown(samples.get("epoch"))}, but meta.epoch is {shown(epoch)}'


def gradient_problems(
    ranks: Any, parameters: Mapping[str, torch.Size], may_overflow: bool
) -> Iterator[str]:
    """Say what is wrong with gradients that wait for further batches.

    Args:
        ranks (Any): The entry of a checkpoint; None where there are none.
        parameters (Mapping): Shapes of the model's tensors by name.
        may_overflow (bool): Whether they may be infinite.

    Yields:
        str: A problem.
    """
    if ranks is None:
        return
    if not isinstance(ranks, list) or not ranks or not all(map(is_text_mapping, ranks)):
        yield f'{GRADIENTS} must hold gradients by name for each rank'
        return
    for rank, gradients in enumerate(ranks):
        where = f'{GRADIENTS}[{rank}]'
        problems = list(tensor_problems(where, gradients))
        yield from problems
        for key, shape in shapes(gradients).items():
            if parameters.get(key) != shape:
                yield f'{where}.{key} fits no parameter of the model'
            elif not (problems or may_overflow or gradients[key].isfinite().all()):
                yield f'{where}.{key} is not finite'
