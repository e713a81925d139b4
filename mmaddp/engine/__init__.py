"""What the Runner builds besides models and data; importing this package fills the registries."""

from .generation import *  # noqa: F403
from .hooks import *  # noqa: F403
from .loops import *  # noqa: F403
from .optimizers import *  # noqa: F403
from .runners import *  # noqa: F403
from .schedulers import *  # noqa: F403
