# ADDP pre-training of ViT-L with parameters, gradients and optimizer states spread over the
# processes (FSDP2), in bf16; for GPUs that do not hold them whole. See docs/scaling.md.
# Needs mmaddp://vqgan and mmaddp://mage-vit-large.
#   bash tools/dist_train.sh CONFIG 8
# Source: the recipe of ViT-L, in bf16, because a loss scaler does not go with sharding: not run.
_base_ = './addp_vit-large-p16_8xb512-amp-coslr-800e_in1k-256px.py'

runner_type = 'mmaddp.ShardedRunner'
optim_wrapper = dict(dtype='bfloat16', loss_scale=dict(_delete_=True, enabled=False))
# Without the preview: no process holds the whole model.
custom_hooks = [
    hook for hook in _base_.custom_hooks if hook['type'] != 'mmaddp.GenerationPreviewHook'
]
