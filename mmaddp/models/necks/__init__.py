from .addp_decoder import ADDPDecoder
from .simple_fpn import SimpleFPN

__all__ = ['ADDPDecoder', 'SimpleFPN']
