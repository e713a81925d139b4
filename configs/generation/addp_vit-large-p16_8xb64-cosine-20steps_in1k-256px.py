# 50,000 images of ADDP ViT-L, cosine schedule, 20 steps, in blocks of 64 per process.
#   python tools/generate.py CONFIG CHECKPOINT --num-images 50000 --out DIR     one process
#   bash tools/dist_test.sh CONFIG CHECKPOINT 8                                 8 GPUs
# Steps and temperature: generation script of the official release. Published FID 7.6, IS 105.1,
# schedule not stated (validation images as reference): not run.
_base_ = [
    '../_base_/models/addp_vit-large.py',
    '../_base_/generation/images_from_seeds.py',
    '../_base_/default_runtime.py',
]

model = dict(sampler=dict(num_steps=20, schedule='cosine', choice_temperature=6.0))
