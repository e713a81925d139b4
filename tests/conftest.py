import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import quick_hosts
from hypothesis import settings
from mmengine.logging import MMLogger
from mmengine.registry import DefaultScope
from mmengine.visualization import Visualizer
from ready_python import serve

# The same examples in every run; tests/fuzz looks for new ones.
settings.register_profile('repeatable', derandomize=True, deadline=None)
settings.load_profile('repeatable')

quick_hosts.install()


def pytest_collection_modifyitems(items):
    """Files with slow tests come first, so that no processor waits for one of them at the end."""
    slow = {item.path for item in items if item.get_closest_marker('slow')}
    items.sort(key=lambda item: item.path not in slow)


def pytest_collection_finish():
    quick_hosts.freeze()


@pytest.fixture(autouse=True)
def nothing_global_left_behind():
    """Forget what a test or a Runner has made one of for the process: scope and visualisers."""
    yield
    for kind in (DefaultScope, *with_subclasses(Visualizer)):
        kind._instance_dict.clear()


@pytest.fixture(scope='session')
def ready_python() -> Iterator[Path]:
    """A file to call as Python, whose imports are done: see tests/ready_python."""
    with tempfile.TemporaryDirectory(prefix='ready-') as folder, serve(Path(folder)) as python:
        yield python


@pytest.fixture
def log_lines() -> Iterator[list[str]]:
    """What the current logger is told."""
    lines = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())
    logger = MMLogger.get_current_instance()
    logger.addHandler(handler)
    yield lines
    logger.removeHandler(handler)


def with_subclasses(kind: type) -> Iterator[type]:
    yield kind
    for subclass in kind.__subclasses__():
        yield from with_subclasses(subclass)
