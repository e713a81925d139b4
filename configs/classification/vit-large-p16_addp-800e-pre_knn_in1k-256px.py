# k-NN on ADDP's frozen features with ViT-L on ImageNet-1k: as with ViT-B.
#   python tools/test.py CONFIG mmaddp://addp-vit-large
# No published score; not run.
_base_ = './vit-base-p16_addp-1600e-pre_knn_in1k-256px.py'

model = dict(backbone=dict(arch='large', frozen_stages=24))
