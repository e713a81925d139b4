"""The pre-training algorithm."""

from .addp import ADDP

__all__ = ['ADDP']
