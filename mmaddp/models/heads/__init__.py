"""The head of the pre-training."""

from .addp_head import ADDPHead

__all__ = ['ADDPHead']
