"""Tensors that are spread over the processes of a run (FSDP2), of which each holds a part.

They are PyTorch's DTensors, whose module takes long to import and is needed by few runs.
"""

from torch import Tensor


def is_sharded(tensor: Tensor) -> bool:
    """Whether a tensor is spread over processes."""
    return hasattr(tensor, 'to_local')


def local_part(tensor: Tensor) -> Tensor:
    """The part that this process holds; a tensor that is not spread, itself."""
    return tensor.to_local() if is_sharded(tensor) else tensor


def whole(tensor: Tensor) -> Tensor:
    """The whole tensor; where it is spread, every process has to call this."""
    return tensor.full_tensor() if is_sharded(tensor) else tensor


def spread_like(tensor: Tensor, other: Tensor) -> Tensor:
    """Spread a whole tensor, which every process holds, like another; without communication."""
    if not is_sharded(other) or is_sharded(tensor):
        return tensor
    from torch.distributed.tensor import distribute_tensor

    tensor = tensor.detach().to(other.device)
    return distribute_tensor(tensor, other.device_mesh, other.placements, src_data_rank=None)
