# 50,000 images of ADDP ViT-B, linear schedule, 256 steps, in blocks of 64 per process.
#   python tools/generate.py CONFIG CHECKPOINT --num-images 50000 --out DIR     one process
#   bash tools/dist_test.sh CONFIG CHECKPOINT 8                                 8 GPUs
# The official release has no script for it: ViT-L's steps on ViT-B. No published FID; not run.
_base_ = [
    '../_base_/models/addp_vit-base.py',
    '../_base_/generation/images_from_seeds.py',
    '../_base_/default_runtime.py',
]

model = dict(sampler=dict(num_steps=256, schedule='linear', choice_temperature=6.0))
