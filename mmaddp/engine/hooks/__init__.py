"""Hooks of the Runner."""

from .check_classes_hook import CheckClassesHook
from .check_label_maps_hook import CheckLabelMapsHook
from .check_token_cache_hook import CheckTokenCacheHook
from .checkpoint_hook import CheckpointHook
from .codebook_guard_hook import CodebookGuardHook
from .data_time_hook import DataTimeHook
from .feature_insight_hook import FeatureInsightHook
from .generation_preview_hook import GenerationPreviewHook
from .moments_hook import MomentsHook
from .non_finite_loss_hook import NonFiniteLossHook
from .plain_message_hub_hook import PlainMessageHubHook
from .position_hook import PositionHook
from .preemption_hook import PreemptionHook
from .rank_watch_hook import RankWatchHook
from .recompute_hook import RecomputeHook
from .show_predictions_hook import ShowPredictionsHook
from .skipped_images_hook import SkippedImagesHook
from .strict_load_hook import StrictLoadHook
from .tf32_hook import TF32Hook

__all__ = [
    'CheckClassesHook',
    'CheckLabelMapsHook',
    'CheckTokenCacheHook',
    'CheckpointHook',
    'CodebookGuardHook',
    'DataTimeHook',
    'FeatureInsightHook',
    'GenerationPreviewHook',
    'MomentsHook',
    'NonFiniteLossHook',
    'PlainMessageHubHook',
    'PositionHook',
    'PreemptionHook',
    'RankWatchHook',
    'RecomputeHook',
    'ShowPredictionsHook',
    'SkippedImagesHook',
    'StrictLoadHook',
    'TF32Hook',
]
