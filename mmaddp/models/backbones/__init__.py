from .addp_vit import ADDPViT
from .addp_vit_det import ADDPViTDet
from .addp_vit_seg import ADDPViTSeg
from .relative_bias_vit import RelativeBiasViT

__all__ = ['ADDPViT', 'ADDPViTDet', 'ADDPViTSeg', 'RelativeBiasViT']
