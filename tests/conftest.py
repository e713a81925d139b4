import pytest
from mmengine.registry import DefaultScope


@pytest.fixture(autouse=True)
def no_scope_left_behind():
    """Forget the default scope that a test or a Runner has set: it is one for the process."""
    yield
    DefaultScope._instance_dict.clear()
