import pytest
import torch


@pytest.fixture
def trained(make_runner, tmp_path):
    make_runner(max_epochs=1).train()
    return str(tmp_path / 'work' / 'epoch_1.pth')


def test_other_width_stops_the_run(make_runner, trained):
    runner = make_runner(model=dict(type='ToyModel', width=3), load_from=trained)
    with pytest.raises(ValueError, match=r'linear\.weight.*\[1, 2\].*\[1, 3\]'):
        runner.train()


def test_other_width_stops_a_resume_and_the_file_is_named(make_runner, trained):
    runner = make_runner(model=dict(type='ToyModel', width=3), resume=True)
    with pytest.raises(ValueError, match=r'epoch_1\.pth'):
        runner.train()


def test_gap_stops_the_run_unless_listed(make_runner, trained):
    checkpoint = torch.load(trained, weights_only=True)
    del checkpoint['state_dict']['linear.bias']
    torch.save(checkpoint, trained)
    with pytest.raises(ValueError, match=r'missing.*linear\.bias'):
        make_runner(load_from=trained).train()
    hook = dict(type='mmaddp.StrictLoadHook', allow_missing=[r'linear\.bias$'])
    make_runner(load_from=trained, default_hooks=dict(strict_load=hook)).train()
