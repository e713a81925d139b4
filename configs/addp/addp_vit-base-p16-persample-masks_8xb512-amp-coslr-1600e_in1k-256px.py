# ADDP pre-training of ViT-B on ImageNet-1k with masks drawn for every sample: each has its own pair
# of mask ratios, from its own seed, instead of one pair for all samples of a process and step.
# A step then sees many ratios, and the masks of an image depend neither on the batch nor on the
# number of processes, so that runs on different numbers of GPUs can be compared. The sequences of
# the decoder are padded to the longest of a batch, and attention with padding is slower.
# Our own choice; the official release draws one pair. Not run.
_base_ = './addp_vit-base-p16_8xb512-amp-coslr-1600e_in1k-256px.py'

model = dict(target_generator=dict(mask_sampler=dict(per_sample=True)))
