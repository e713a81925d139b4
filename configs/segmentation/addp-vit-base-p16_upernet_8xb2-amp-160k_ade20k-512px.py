# UperNet on ADE20k with ADDP's ViT-B.
#   bash tools/dist_train.sh CONFIG 8        8 GPUs, 2 images each
#   bash tools/dist_test.sh CONFIG CHECKPOINT 8 [--tta]
# Needs data/ade/ADEChallengeData2016 and mmaddp://addp-vit-base, or an ADDP checkpoint.
# ADDP's own settings are not public. Every number comes from mmsegmentation's MAE recipe
# (configs/mae/mae-base_upernet_8xb2-amp-160k_ade20k-512x512.py), on strong evidence the one that
# ADDP used. The paper's mIoU 48.1: not run.
_base_ = [
    '../_base_/models/upernet_addp-vit-base.py',
    '../_base_/datasets/ade20k_512px.py',
    '../_base_/schedules/upernet_adamw_poly_160k.py',
    'mmseg::_base_/default_runtime.py',
]
