"""Masks, noise, schedules and the sampler."""

from .alternating_sampler import AlternatingSampler, GenerationState
from .mask_schedules import SCHEDULES, get_schedule, num_masked_after
from .nested_masks import NestedMasks, NestedMaskSampler, mask_smallest
from .sample_noise import SampleNoise
from .token_sampling import draw_ids, least_confident, nucleus_mask, top_mask

__all__ = [
    'SCHEDULES',
    'AlternatingSampler',
    'GenerationState',
    'NestedMaskSampler',
    'NestedMasks',
    'SampleNoise',
    'draw_ids',
    'get_schedule',
    'least_confident',
    'mask_smallest',
    'nucleus_mask',
    'num_masked_after',
    'top_mask',
]
