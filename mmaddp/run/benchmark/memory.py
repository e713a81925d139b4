"""Peak memory of a piece of work."""

import re
from pathlib import Path
from typing import Optional, Union

import torch

CLEAR = Path('/proc/self/clear_refs')
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
        else:
            found = peak_gib() if CLEAR.exists() else None
            if found is None:
                return None
            peak = found
        return max(peak, before or 0.0)


def peak_gib(process: Union[int, str] = 'self') -> Optional[float]:
    """Peak of a process's memory in GiB, as Linux records it; None where there is no record."""
    try:
        status = Path(f'/proc/{process}/status').read_text()
    except OSError:  # another system, or the process has ended
        return None
    found = re.search(r'VmHWM:\s+(\d+) kB', status)
    return int(found[1]) / 2**20 if found else None
