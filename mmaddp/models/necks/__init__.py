"""What comes between encoder and head: decoder, pooling, feature pyramid."""

from .addp_decoder import ADDPDecoder
from .attentive_pool import AttentivePool
from .simple_fpn import SimpleFPN

__all__ = ['ADDPDecoder', 'AttentivePool', 'SimpleFPN']
