"""Tensors that are spread over the processes of a run (FSDP2), of which each holds a part."""

from torch import Tensor
from torch.distributed.tensor import DTensor, distribute_tensor


def is_sharded(tensor: Tensor) -> bool:
    """Whether a tensor is spread over processes."""
    return isinstance(tensor, DTensor)


def local_part(tensor: Tensor) -> Tensor:
    """The part that this process holds; a tensor that is not spread, itself."""
    return tensor.to_local() if isinstance(tensor, DTensor) else tensor


def whole(tensor: Tensor) -> Tensor:
    """The whole tensor; where it is spread, every process has to call this."""
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def spread_like(tensor: Tensor, other: Tensor) -> Tensor:
    """Spread a whole tensor, which every process holds, like another; without communication."""
    if not isinstance(other, DTensor) or isinstance(tensor, DTensor):
        return tensor
    tensor = tensor.detach().to(other.device)
    return distribute_tensor(tensor, other.device_mesh, other.placements, src_data_rank=None)
