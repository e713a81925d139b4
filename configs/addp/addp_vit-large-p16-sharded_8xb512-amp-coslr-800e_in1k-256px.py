# ADDP pre-training of ViT-L with parameters, gradients and optimizer states spread over the
# processes (FSDP2), in bf16; for GPUs that do not hold them whole. See docs/scaling.md.
# Needs mmaddp://vqgan and mmaddp://mage-vit-large.
#   bash tools/dist_train.sh CONFIG 8
# Source: the recipe of ViT-L, in bf16, because a loss scaler does not go with sharding: not run.
_base_ = [
    '../_base_/models/addp_vit-large.py',
    '../_base_/datasets/imagenet_256px.py',
    '../_base_/schedules/addp_adamw_coslr_1600e.py',
    '../_base_/generation/images_from_seeds.py',
    '../_base_/default_runtime.py',
]

runner_type = 'mmaddp.ShardedRunner'
train_cfg = dict(max_epochs=800)
optim_wrapper = dict(dtype='bfloat16', loss_scale=dict(_delete_=True, enabled=False))
# No preview of generation as in the other configurations: no process holds the whole model.
