"""Inputs x_t and targets of the pre-training."""

from .addp_target_generator import ADDPTargetGenerator

__all__ = ['ADDPTargetGenerator']
