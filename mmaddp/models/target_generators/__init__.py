from .addp_target_generator import ADDPTargetGenerator

__all__ = ['ADDPTargetGenerator']
