"""Data that the parts of the model pass to each other, and the ids they agree on."""

from .addp_target import ADDPTarget
from .vocabulary import Vocabulary

__all__ = ['ADDPTarget', 'Vocabulary']
