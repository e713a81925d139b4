"""What the Runner needs beside models and data; importing this package fills the registries."""

from mmaddp.utils import initializers as _initializers  # noqa: F401, makes Pretrained strict
from mmaddp.utils import local_backend as _local_backend  # noqa: F401, makes writing atomic
from mmaddp.utils import remote_checkpoints as _loaders  # noqa: F401, registers the loaders

from .hooks import *  # noqa: F403
from .loops import *  # noqa: F403
from .optimizers import *  # noqa: F403
from .schedulers import *  # noqa: F403
