"""Runners besides mmengine's own."""

from .sharded_runner import ShardedRunner

__all__ = ['ShardedRunner']
