"""Peak memory of a piece of work."""

import re
from pathlib import Path
from typing import Optional

import torch

STATUS, CLEAR = Path('/proc/self/status'), Path('/proc/self/clear_refs')
# What Linux takes as "forget the peak so far".
RESET_PEAK = '5'


class PeakMemory:
    """Peak of a GPU's allocated memory or, on a CPU under Linux, of this process.

    Args:
        device (torch.device): Where the work runs.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device

    def reset(self) -> None:
        """Forget the peak so far."""
        if self.device.type == 'cuda':
            torch.cuda.reset_peak_memory_stats(self.device)
        elif CLEAR.exists():
            CLEAR.write_text(RESET_PEAK)

    def highest(self, before: Optional[float] = None) -> Optional[float]:
        """Peak in GiB since the reset, or ``before`` if that is more; None if unknown."""
        if self.device.type == 'cuda':
            peak = torch.cuda.max_memory_allocated(self.device) / 2**30
        elif CLEAR.exists():
            found = re.search(r'VmHWM:\s+(\d+) kB', STATUS.read_text())
            peak = int(found[1]) / 2**20 if found else 0.0
        else:
            return None
        return max(peak, before or 0.0)
