"""ADDP on the OpenMMLab stack; importing it makes the changes to the hosts that it needs."""

from . import compat
from .version import __version__

compat.install()

__all__ = ['__version__']
