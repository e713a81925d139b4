from collections.abc import Iterator

import pytest
from mmengine.registry import DefaultScope
from mmengine.visualization import Visualizer


@pytest.fixture(autouse=True)
def nothing_global_left_behind():
    """Forget what a test or a Runner has made one of for the process: scope and visualisers."""
    yield
    for kind in (DefaultScope, *with_subclasses(Visualizer)):
        kind._instance_dict.clear()


def with_subclasses(kind: type) -> Iterator[type]:
    yield kind
    for subclass in kind.__subclasses__():
        yield from with_subclasses(subclass)
