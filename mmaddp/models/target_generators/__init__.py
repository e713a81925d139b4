"""What the pre-training learns from: x_t and its target."""

from .addp_target_generator import ADDPTargetGenerator

__all__ = ['ADDPTargetGenerator']
