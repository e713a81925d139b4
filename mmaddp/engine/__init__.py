"""What the Runner needs beside models and data; importing this package fills the registries."""

from mmaddp.utils import checkpoint as _checkpoint  # noqa: F401, registers the loader

from .hooks import *  # noqa: F403
from .loops import *  # noqa: F403
from .optimizers import *  # noqa: F403
from .schedulers import *  # noqa: F403
