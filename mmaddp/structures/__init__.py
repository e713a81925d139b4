from .addp_target import ADDPTarget

__all__ = ['ADDPTarget']
