"""TensorFloat-32 in whole runs."""

import pytest
import torch

from mmaddp.utils.tf32 import tf32


def state():
    return torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32


@pytest.fixture
def others_setting():
    """What another program might have set, the opposite of both defaults."""
    before = state()
    torch.set_float32_matmul_precision('medium')
    torch.backends.cudnn.allow_tf32 = True
    yield state()
    torch.set_float32_matmul_precision(before[0])
    torch.backends.cudnn.allow_tf32 = before[1]


@pytest.mark.parametrize('allowed, inside', [(False, ('highest', False)), (True, ('high', True))])
def test_set_during_training_and_put_back(
    make_runner, monkeypatch, others_setting, allowed, inside
):
    hook = dict(type='mmaddp.TF32Hook', allowed=allowed)
    runner = make_runner(max_epochs=1, default_hooks=dict(tf32=hook))
    seen = []
    step = runner.model.train_step
    monkeypatch.setattr(
        runner.model, 'train_step', lambda *args, **kw: seen.append(state()) or step(*args, **kw)
    )
    runner.train()
    assert seen and set(seen) == {inside}
    assert state() == others_setting


def test_a_run_that_broke_off_does_not_leave_its_setting_behind_the_next(others_setting):
    from mmaddp.engine.hooks import TF32Hook

    hook = TF32Hook()
    hook.before_run(None)
    hook.before_run(None)
    assert state() == ('highest', False)
    hook.after_run(None)
    assert state() == others_setting


def test_put_back_after_an_error(others_setting):
    with pytest.raises(RuntimeError), tf32(allowed=False):
        assert state() == ('highest', False)
        raise RuntimeError
    assert state() == others_setting
