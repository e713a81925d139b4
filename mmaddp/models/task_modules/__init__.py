"""Masks, noise, schedules and the sampler."""

from .alternating_sampler import ORDERS, AlternatingSampler, GenerationState
from .halton import halton_ranks, rolled_ranks
from .mask_schedules import SCHEDULES, get_schedule, num_masked_after
from .nested_masks import NestedMasks, NestedMaskSampler, mask_smallest
from .sample_noise import SampleNoise
from .token_sampling import draw_ids, last_ranked, least_confident, nucleus_mask, top_mask

__all__ = [
    'ORDERS',
    'SCHEDULES',
    'AlternatingSampler',
    'GenerationState',
    'NestedMaskSampler',
    'NestedMasks',
    'SampleNoise',
    'draw_ids',
    'get_schedule',
    'halton_ranks',
    'last_ranked',
    'least_confident',
    'mask_smallest',
    'nucleus_mask',
    'num_masked_after',
    'rolled_ranks',
    'top_mask',
]
