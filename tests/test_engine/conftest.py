"""A Runner small enough for every test."""

import pytest
from toy_runner import make_toy_runner


@pytest.fixture
def make_runner(tmp_path):
    """Build a Runner of the toy in the test's folder; see :func:`make_toy_runner`."""

    def make(**kwargs):
        return make_toy_runner(**{'work_dir': tmp_path / 'work', **kwargs})

    return make
