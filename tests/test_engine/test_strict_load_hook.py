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


def test_layer_of_another_shape_is_dropped_only_when_asked(make_runner, trained):
    def run(**hook):
        hooks = dict(strict_load=dict(type='mmaddp.StrictLoadHook', **hook))
        model = dict(type='ToyModel', width=3)
        runner = make_runner(model=model, load_from=trained, default_hooks=hooks)
        before = runner.model.linear.weight.detach().clone()
        runner.load_or_resume()
        return before, runner.model.linear.weight

    with pytest.raises(ValueError, match=r"default_hooks.strict_load.*drop=\['linear'\]"):
        run()
    before, after = run(drop=['linear'])
    assert torch.equal(before, after)


def test_dropped_layer_of_the_same_shape_is_not_loaded(make_runner, trained):
    hooks = dict(strict_load=dict(type='mmaddp.StrictLoadHook', drop=[r'linear\.bias']))
    runner = make_runner(load_from=trained, default_hooks=hooks)
    before = runner.model.linear.bias.detach().clone()
    runner.load_or_resume()
    weights = torch.load(trained, weights_only=True)['state_dict']
    assert torch.equal(runner.model.linear.weight, weights['linear.weight'])
    assert torch.equal(runner.model.linear.bias, before)
    assert not torch.equal(before, weights['linear.bias'])


def test_weights_alone_are_no_training_to_resume(make_runner, trained):
    torch.save(dict(state_dict=torch.load(trained, weights_only=True)['state_dict']), trained)
    with pytest.raises(ValueError, match=r'epoch_1\.pth holds weights alone.*load_from'):
        make_runner(resume=True).train()
    make_runner(load_from=trained).train()
