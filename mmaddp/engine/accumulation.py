"""Gradients that several batches gather for one update."""

from collections.abc import Mapping, Sequence
from typing import Any, Optional

import torch
from mmengine.dist import all_gather, all_reduce, get_dist_info
from mmengine.optim import OptimWrapper
from torch import Tensor, nn

from mmaddp.utils.sharded_tensors import is_sharded, spread_like, whole


def optimizer_parts(optim_wrapper: Any) -> dict[str, OptimWrapper]:
    """Wrappers of single optimizers by name; where there is only one, that is ''."""
    parts = getattr(optim_wrapper, 'optim_wrappers', {'': optim_wrapper})
    return {name: part for name, part in parts.items() if isinstance(part, OptimWrapper)}


def accumulation(optim_wrapper: Any) -> int:
    """Most batches that any optimizer gathers for an update."""
    parts = optimizer_parts(optim_wrapper).values()
    return max((part._accumulative_counts for part in parts), default=1)


def batch_counts(optim_wrapper: Any) -> dict[str, int]:
    """Batches that each optimizer has had; a discriminator's may begin late."""
    return {name: part.inner_count for name, part in optimizer_parts(optim_wrapper).items()}


def set_batch_counts(optim_wrapper: Any, counts: Mapping[str, int]) -> None:
    """Continue to count; mmengine takes the number of the iteration for every optimizer."""
    for name, part in optimizer_parts(optim_wrapper).items():
        part._inner_count = counts.get(name, part.inner_count)


def unfinished_gradients(model: nn.Module, optim_wrapper: Any) -> Optional[list[dict[str, Tensor]]]:
    """Gradients of all ranks that wait for further batches; every rank has to call this.

    Args:
        model (nn.Module): The model, not wrapped.
        optim_wrapper (OptimWrapper | OptimWrapperDict): Its optimizers.

    Returns:
        list[dict], optional: Gradients by the names of the parameters, on the CPU, for each rank.
        None between two updates, and where nothing is accumulated.
    """
    if all(part.should_update() for part in optimizer_parts(optim_wrapper).values()):
        return None
    trained = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    present = torch.tensor([p.grad is not None for _, p in trained], dtype=torch.int)
    present = present.to(trained[0][1].device)
    all_reduce(present, op='max')
    states: list[dict[str, Tensor]] = [{} for _ in range(get_dist_info()[1])]
    for (name, parameter), anywhere in zip(trained, present.tolist()):
        if anywhere:
            own = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
            # Sharded training averages over the ranks at once.
            parts = [whole(own)] * len(states) if is_sharded(own) else all_gather(own)
            for state, part in zip(states, parts):
                state[name] = part.detach().cpu().clone()
    return states


def set_gradients(model: nn.Module, states: Sequence[Mapping[str, Tensor]]) -> None:
    """Put gathered gradients back.

    With another number of ranks, and in sharded training, each gets their mean, which is what an
    update would have used.

    Args:
        model (nn.Module): The model, not wrapped.
        states (Sequence[Mapping]): From :func:`unfinished_gradients`.
    """
    rank, world_size = get_dist_info()
    for name, parameter in model.named_parameters():
        alone = len(states) == world_size and not is_sharded(parameter)
        own = states[rank : rank + 1] if alone else states
        kind = dict(device=parameter.device, dtype=parameter.dtype)
        found = [state[name].to(**kind) for state in own if name in state]
        if found:
            mean = sum(found[1:], found[0].clone()) / len(own)
            parameter.grad = spread_like(mean, parameter)
