"""A collapsed codebook ends a training early; a healthy or a young one does not."""

from types import SimpleNamespace

import pytest

from mmaddp.engine.hooks.codebook_guard_hook import CodebookGuardHook


def look(usage, epoch=50, name='tokenizer/codebook_usage', **settings):
    runner = SimpleNamespace(epoch=epoch, max_epochs=100)
    CodebookGuardHook(**settings).after_val_epoch(runner, {name: usage})


def test_collapse_ends_the_training():
    with pytest.raises(ValueError, match=r'uses 9\.0% of its codes .* after 50 of 100 epochs'):
        look(0.09)
    with pytest.raises(ValueError, match='collapsed'):
        look(0.2, least_usage=0.3)


@pytest.mark.parametrize(
    'arguments',
    [dict(usage=0.1), dict(usage=0.01, epoch=24), dict(usage=0.01, name='accuracy/top1')],
)
def test_otherwise_it_goes_on(arguments):
    look(**arguments)


def test_settings_are_checked():
    with pytest.raises(ValueError, match='begin must lie in'):
        CodebookGuardHook(begin=2)
