"""Registries of mmaddp.

Each one is a child of mmengine's root registry, so that a configuration of any host
(mmpretrain, mmdet, mmsegmentation) builds our classes as ``mmaddp.ClassName`` while keeping
its own ``default_scope``.
"""

from mmengine.registry import DATA_SAMPLERS as MMENGINE_DATA_SAMPLERS
from mmengine.registry import DATASETS as MMENGINE_DATASETS
from mmengine.registry import HOOKS as MMENGINE_HOOKS
from mmengine.registry import LOOPS as MMENGINE_LOOPS
from mmengine.registry import METRICS as MMENGINE_METRICS
from mmengine.registry import MODEL_WRAPPERS as MMENGINE_MODEL_WRAPPERS
from mmengine.registry import MODELS as MMENGINE_MODELS
from mmengine.registry import OPTIM_WRAPPER_CONSTRUCTORS as MMENGINE_OPTIM_WRAPPER_CONSTRUCTORS
from mmengine.registry import OPTIM_WRAPPERS as MMENGINE_OPTIM_WRAPPERS
from mmengine.registry import PARAM_SCHEDULERS as MMENGINE_PARAM_SCHEDULERS
from mmengine.registry import RUNNERS as MMENGINE_RUNNERS
from mmengine.registry import TASK_UTILS as MMENGINE_TASK_UTILS
from mmengine.registry import TRANSFORMS as MMENGINE_TRANSFORMS
from mmengine.registry import VISBACKENDS as MMENGINE_VISBACKENDS
from mmengine.registry import WEIGHT_INITIALIZERS as MMENGINE_WEIGHT_INITIALIZERS
from mmengine.registry import Registry

MODELS = Registry('model', parent=MMENGINE_MODELS, scope='mmaddp', locations=['mmaddp.models'])
MODEL_WRAPPERS = Registry(
    'model wrapper', parent=MMENGINE_MODEL_WRAPPERS, scope='mmaddp', locations=['mmaddp.models']
)
TASK_UTILS = Registry(
    'task util', parent=MMENGINE_TASK_UTILS, scope='mmaddp', locations=['mmaddp.models']
)
DATASETS = Registry(
    'dataset', parent=MMENGINE_DATASETS, scope='mmaddp', locations=['mmaddp.datasets']
)
DATA_SAMPLERS = Registry(
    'data sampler', parent=MMENGINE_DATA_SAMPLERS, scope='mmaddp', locations=['mmaddp.datasets']
)
TRANSFORMS = Registry(
    'transform', parent=MMENGINE_TRANSFORMS, scope='mmaddp', locations=['mmaddp.datasets']
)
HOOKS = Registry('hook', parent=MMENGINE_HOOKS, scope='mmaddp', locations=['mmaddp.engine'])
RUNNERS = Registry('runner', parent=MMENGINE_RUNNERS, scope='mmaddp', locations=['mmaddp.engine'])
LOOPS = Registry('loop', parent=MMENGINE_LOOPS, scope='mmaddp', locations=['mmaddp.engine'])
PARAM_SCHEDULERS = Registry(
    'parameter scheduler',
    parent=MMENGINE_PARAM_SCHEDULERS,
    scope='mmaddp',
    locations=['mmaddp.engine'],
)
METRICS = Registry(
    'metric', parent=MMENGINE_METRICS, scope='mmaddp', locations=['mmaddp.evaluation']
)
OPTIM_WRAPPER_CONSTRUCTORS = Registry(
    'optimizer wrapper constructor',
    parent=MMENGINE_OPTIM_WRAPPER_CONSTRUCTORS,
    scope='mmaddp',
    locations=['mmaddp.engine'],
)
OPTIM_WRAPPERS = Registry(
    'optim_wrapper', parent=MMENGINE_OPTIM_WRAPPERS, scope='mmaddp', locations=['mmaddp.engine']
)
VISBACKENDS = Registry(
    'vis_backend',
    parent=MMENGINE_VISBACKENDS,
    scope='mmaddp',
    locations=['mmaddp.visualization'],
)
WEIGHT_INITIALIZERS = Registry(
    'weight initializer',
    parent=MMENGINE_WEIGHT_INITIALIZERS,
    scope='mmaddp',
    locations=['mmaddp.weights.pretrained'],
)
