"""What parts of the model hand to each other, and the ids that they agree on."""

from .addp_target import ADDPTarget
from .vocabulary import Vocabulary

__all__ = ['ADDPTarget', 'Vocabulary']
