"""Models of mmaddp; importing this package fills the registries."""

from importlib import import_module

from mmaddp.compat.import_hook import after_import

from .backbones import *  # noqa: F403
from .heads import *  # noqa: F403
from .necks import *  # noqa: F403
from .selfsup import *  # noqa: F403
from .target_generators import *  # noqa: F403
from .task_modules import *  # noqa: F403
from .token_predictors import *  # noqa: F403
from .tokenizers import *  # noqa: F403

# Parts for mmdetection's detectors are registered where it is imported: importing takes seconds.
after_import('mmdet.models', lambda: import_module('mmaddp.models.roi_heads'))
