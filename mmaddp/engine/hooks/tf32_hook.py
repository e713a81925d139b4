"""TensorFloat-32 on or off for a whole run."""

from contextlib import ExitStack

from mmengine.hooks import Hook

from mmaddp.registry import HOOKS
from mmaddp.utils.tf32 import tf32


@HOOKS.register_module()
class TF32Hook(Hook):
    """Allow or forbid TensorFloat-32 in training, validation and test.

    The official pre-training forbids it, so that token ids are those of float32; PyTorch allows it
    in convolutions. Whatever runs under autocast to half precision is not affected.

    Args:
        allowed (bool): Whether products of float32 may be rounded so. Defaults to False.
    """

    priority = 'VERY_HIGH'

    def __init__(self, allowed: bool = False) -> None:
        self.allowed = allowed
        self._setting = ExitStack()

    def before_run(self, runner) -> None:
        """Set it."""
        self._setting.close()
        self._setting.enter_context(tf32(self.allowed))

    def after_run(self, runner) -> None:
        """Restore the previous settings."""
        self._setting.close()
