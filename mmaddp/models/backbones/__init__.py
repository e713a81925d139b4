from .addp_vit import ADDPViT
from .addp_vit_det import ADDPViTDet

__all__ = ['ADDPViT', 'ADDPViTDet']
