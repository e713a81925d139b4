"""What one rank knows, made known to all of them without waiting."""

from typing import Optional

import torch
from mmengine.dist import get_comm_device, get_default_group, is_distributed
from torch import Tensor


class SharedFlag:
    """A flag that any rank may raise, and that all ranks see raised at the same step.

    Each call starts an exchange and looks at the result of the call before: by then it has arrived,
    and the processor does not wait for the step that a GPU has just been given. All ranks must call
    it equally often. A single process sees its own flag at once.
    """

    def __init__(self) -> None:
        self._pending: Optional[_Exchange] = None

    def exchange(self, raised: bool) -> bool:
        """Tell the others; say whether any rank had raised the flag at the last call.

        Args:
            raised (bool): Whether this rank has raised it.

        Returns:
            bool: The same on all ranks.
        """
        if not is_distributed():
            return raised
        before, self._pending = self._pending, _Exchange(raised)
        return before is not None and before.result()

    def finish(self) -> None:
        """Wait for the exchange that is under way."""
        if self._pending is not None:
            self._pending.result()
        self._pending = None


class _Exchange:
    """One flag on its way between the ranks."""

    def __init__(self, raised: bool) -> None:
        device = get_comm_device(get_default_group())
        # Filled, not copied: a copy to a GPU would wait for it.
        self._flag: Tensor = torch.full((1,), int(raised), dtype=torch.int, device=device)
        self._work = torch.distributed.all_reduce(
            self._flag, torch.distributed.ReduceOp.MAX, async_op=True
        )
        self._arrived = None
        if device.type == 'cuda':
            self._work.wait()  # puts the copy behind it; the processor goes on
            host = torch.empty(1, dtype=torch.int, pin_memory=True)
            self._flag = host.copy_(self._flag, non_blocking=True)
            self._arrived = torch.cuda.Event()
            self._arrived.record()

    def result(self) -> bool:
        if self._arrived is None:
            self._work.wait()
        else:
            self._arrived.synchronize()
        return bool(self._flag.item())
