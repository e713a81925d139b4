"""What a checkpoint may say to a training that goes on from it: data of its own run alone."""

import shutil
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mmengine.runner import CheckpointLoader, load_checkpoint
from toy_runner import make_toy_runner

from mmaddp.weights.checkpoint import load_checkpoint_file

HOOKS = dict(
    checkpoint=dict(type='mmaddp.CheckpointHook', interval=1),
    plain_message_hub=dict(type='mmaddp.PlainMessageHubHook'),
    strict_load=dict(type='mmaddp.StrictLoadHook'),
)
# As the hosts' own tools build it: none of our hooks.
BARE = dict(checkpoint=dict(type='CheckpointHook', interval=1))
ANEW = r'--cfg-options load_from=\S+\.pth'


@pytest.fixture(scope='module')
def finished(tmp_path_factory):
    """The folder of a training of two epochs."""
    folder = tmp_path_factory.mktemp('finished') / 'work'
    make_toy_runner(folder, max_epochs=2, default_hooks=HOOKS).train()
    return folder


@pytest.fixture
def trained(finished, tmp_path):
    """The last checkpoint of a copy of it, to be changed."""
    return shutil.copytree(finished, tmp_path / 'work') / 'epoch_2.pth'


def change(path, place, value):
    """Set an entry of a checkpoint, given the way to it; a function makes it from the old one."""
    content = torch.load(path, weights_only=True)
    *way, last = place
    node = content
    for key in way:
        node = node[key]
    node[last] = value(node[last]) if callable(value) else value
    torch.save(content, path)


def remove(path, *place):
    content = torch.load(path, weights_only=True)
    *way, last = place
    node = content
    for key in way:
        node = node[key]
    del node[last]
    torch.save(content, path)


PROGRAMS = [('meta', 'config'), ('meta', 'cfg'), ('message_hub', 'runtime_info', 'cfg')]


@pytest.mark.parametrize('place', PROGRAMS, ids='.'.join)
@pytest.mark.parametrize('hooks', [HOOKS, BARE], ids=['ours', 'bare'])
@pytest.mark.parametrize('door', ['auto', 'file', 'load_from'])
def test_text_of_a_checkpoint_is_not_executed(make_runner, trained, tmp_path, door, hooks, place):
    mark = tmp_path / 'executed'
    change(trained, place, f'open({str(mark)!r}, "w").close()\ngpu_ids = [0]\n')
    options = dict(
        auto=dict(resume=True),
        file=dict(resume=True, load_from=str(trained)),
        load_from=dict(load_from=str(trained)),
    )[door]
    runner = make_runner(max_epochs=3, default_hooks=hooks, **options)
    runner.train()
    assert not mark.exists()
    assert runner.iter == 12


@pytest.mark.parametrize('place', PROGRAMS, ids='.'.join)
@pytest.mark.parametrize('read', [load_checkpoint_file, CheckpointLoader.load_checkpoint])
def test_hosts_get_no_program(trained, place, read):
    change(trained, place, 'raise SystemExit')
    node = read(str(trained))
    for key in place[:-1]:
        node = node[key]
    assert place[-1] not in node


BAD = {
    'no weights': (('state_dict',), {}, 'state_dict'),
    'NaN weights': (('state_dict', 'linear.bias'), torch.full([1], float('nan')), 'linear.bias'),
    'meta is a list': (('meta',), [1], 'meta'),
    'epoch huge': (('meta', 'epoch'), 10**9, r'meta\.epoch is 1000000000.*ends at 3'),
    'epoch beyond all': (('meta', 'epoch'), 10**500, r'meta\.epoch'),
    'epoch negative': (('meta', 'epoch'), -1, r'meta\.epoch.*-1'),
    'epoch is text': (('meta', 'epoch'), 'two', r"meta\.epoch.*'two'"),
    'epoch is a fraction': (('meta', 'epoch'), 1.5, r'meta\.epoch.*1\.5'),
    'epoch is true': (('meta', 'epoch'), True, r'meta\.epoch.*True'),
    'iter is none': (('meta', 'iter'), None, r'meta\.iter.*None'),
    'seed huge': (('meta', 'seed'), 2**40, r'meta\.seed'),
    'seed is text': (('meta', 'seed'), 'x', r'meta\.seed'),
    'hub is a list': (('message_hub',), [], 'message_hub'),
    'log is a list': (('message_hub', 'log_scalars'), [], r'message_hub\.log_scalars'),
    'optimizer is text': (('optimizer',), 'x', 'optimizer'),
    'state is empty': (('optimizer', 'state'), {}, r'optimizer\.state is empty'),
    'state of another shape': (
        *(('optimizer', 'state', 0, 'exp_avg'), torch.zeros(7), r'state\[0\]\.exp_avg.*\[7\]'),
    ),
    'state is NaN': (
        ('optimizer', 'state', 0, 'exp_avg'),
        torch.full([1, 2], float('nan')),
        r'state\[0\]\.exp_avg.*not finite',
    ),
    'squares are negative': (
        *(('optimizer', 'state', 0, 'exp_avg_sq'), -torch.ones(1, 2), r'exp_avg_sq.*negative'),
    ),
    'step is negative': (('optimizer', 'state', 0, 'step'), torch.tensor(-5.0), r'\.step'),
    'average is none': (('optimizer', 'state', 0, 'exp_avg'), None, r'exp_avg is None'),
    'average is one number': (
        *(('optimizer', 'state', 0, 'exp_avg'), torch.zeros(1), r'exp_avg has the shape \[1\]'),
    ),
    'average is missing': (('optimizer', 'state', 0), {}, r'state\[0\]\.exp_avg is missing'),
    'rate is text': (('optimizer', 'param_groups', 0, 'lr'), 'x', r'param_groups\[0\]\.lr'),
    'rate is infinite': (
        *(('optimizer', 'param_groups', 0, 'lr'), float('inf'), r'param_groups\[0\]\.lr'),
    ),
    'rate is negative': (('optimizer', 'param_groups', 0, 'lr'), -1.0, r'lr is -1\.0'),
    'betas are text': (('optimizer', 'param_groups', 0, 'betas'), 'ab', r'\.betas'),
    'no groups': (('optimizer', 'param_groups'), [], r'param_groups must be 1'),
    'schedules are none': (('param_schedulers',), [], 'param_schedulers must hold 1'),
    'schedule is text': (('param_schedulers', 0), 'x', r'param_schedulers\[0\] is not a dict'),
    'method of a schedule': (('param_schedulers', 0, 'step'), 1, r'\[0\]\.step is unknown'),
    'step of a schedule': (('param_schedulers', 0, 'last_step'), 'x', r'\[0\]\.last_step'),
    'what a schedule sets': (('param_schedulers', 0, 'param_name'), 'params', 'param_name'),
    'a number is not a dense tensor': (
        *(('param_schedulers', 0, 'last_step'), torch.zeros(1).to_sparse(), 'last_step'),
    ),
    'end is NaN': (('param_schedulers', 0, 'end'), float('nan'), r'\[0\]\.end'),
}


@pytest.mark.parametrize('hooks', [HOOKS, BARE], ids=['ours', 'bare'])
@pytest.mark.parametrize('place, value, message', BAD.values(), ids=BAD)
def test_odd_checkpoints_are_refused_with_a_way_out(
    make_runner, trained, place, value, message, hooks
):
    change(trained, place, value)
    runner = make_runner(max_epochs=3, resume=True, load_from=str(trained), default_hooks=hooks)
    with pytest.raises(ValueError, match=rf'(?s)epoch_2\.pth cannot be resumed.*{message}.*{ANEW}'):
        runner.train()


MISSING = [
    *(('meta',), ('meta', 'epoch'), ('meta', 'iter'), ('message_hub',), ('optimizer',)),
    *(('param_schedulers',), ('state_dict',), ('message_hub', 'runtime_info')),
    *(('param_schedulers', 0, 'last_step'), ('optimizer', 'param_groups', 0, 'lr')),
]


@pytest.mark.parametrize('place', MISSING, ids=lambda place: '.'.join(map(str, place)))
def test_what_is_missing_is_named(make_runner, trained, place):
    remove(trained, *place)
    runner = make_runner(max_epochs=3, resume=True, load_from=str(trained), default_hooks=HOOKS)
    name = [part for part in place if isinstance(part, str)][-1]
    with pytest.raises(ValueError, match=rf'(?s)epoch_2\.pth cannot be resumed.*{name}.*{ANEW}'):
        runner.train()


def test_the_message_tells_that_best_checkpoints_are_weights(make_runner, trained):
    remove(trained, 'optimizer')
    best = trained.rename(trained.with_name('best_acc_epoch_2.pth'))
    runner = make_runner(max_epochs=3, resume=True, load_from=str(best), default_hooks=HOOKS)
    with pytest.raises(ValueError, match=r'best_acc_epoch_2\.pth cannot.*\n.*epoch_\*\.pth'):
        runner.train()
    make_runner(load_from=str(best), default_hooks=HOOKS).train()


def test_another_optimizer_is_refused(make_runner, trained):
    other = dict(optimizer=dict(type='SGD', lr=0.1, momentum=0.9))
    runner = make_runner(
        max_epochs=3, resume=True, default_hooks=HOOKS, optim_wrapper=other, load_from=str(trained)
    )
    with pytest.raises(ValueError, match=r'momentum is missing: it is that of another optimizer'):
        runner.train()


@pytest.mark.parametrize('switch', ['capturable', 'differentiable', 'maximize', 'fused'])
def test_how_an_update_is_computed_is_the_business_of_the_run(make_runner, trained, switch):
    change(trained, ('optimizer', 'param_groups', 0, switch), True)
    runner = make_runner(max_epochs=3, resume=True, default_hooks=HOOKS)
    runner.train()
    assert not runner.optim_wrapper.optimizer.param_groups[0][switch]


def test_only_known_information_enters_the_message_hub(make_runner, trained):
    info = dict(loop_stage='x', cfg='y', experiment_name='z', best_score=0.7, odd=[1], iter='no')
    change(trained, ('message_hub', 'runtime_info'), info)
    change(trained, ('message_hub', 'log_scalars', 'train/odd'), dict(history_buffer=[1, 2]))
    runner = make_runner(max_epochs=3, resume=True, default_hooks=HOOKS)
    runner.train()
    hub = runner.message_hub
    assert hub.get_info('best_score') == 0.7 and hub.get_info('odd') is None
    assert hub.get_info('experiment_name') == runner.experiment_name
    assert 'train/odd' not in hub.log_scalars
    assert len(hub.get_scalar('train/loss').data[0]) == 12


def test_a_log_that_would_fill_the_memory_is_left_out(make_runner, trained):
    endless = torch.zeros(1).expand(2_000_000)
    buffer = dict(history=endless, counts=endless, max_length=1_000_000)
    change(trained, ('message_hub', 'log_scalars', 'train/odd'), dict(history_buffer=buffer))
    runner = make_runner(max_epochs=3, resume=True, default_hooks=HOOKS)
    runner.train()
    assert 'train/odd' not in runner.message_hub.log_scalars


def test_dropped_layers_are_not_dropped_from_a_resumed_training(make_runner, trained):
    hook = dict(type='mmaddp.StrictLoadHook', drop=[r'linear\.bias'])
    runner = make_runner(max_epochs=2, resume=True, default_hooks=dict(HOOKS, strict_load=hook))
    runner.train()
    weights = torch.load(trained, weights_only=True)['state_dict']
    assert torch.equal(runner.model.linear.bias, weights['linear.bias'])


AVERAGES = {
    'a list': [1],
    'another name': {'module.other': torch.zeros(1)},
    'another shape': {'module.linear.bias': torch.zeros(9)},
    'NaN': {'module.linear.bias': torch.full([1], float('nan'))},
    'text': {'module.linear.bias': 'x'},
    'numbers as names': {3: torch.zeros(1)},
}


@pytest.mark.parametrize('averages', AVERAGES.values(), ids=AVERAGES)
@pytest.mark.parametrize('resume', [True, False])
def test_damaged_averages_are_refused(make_runner, trained, averages, resume):
    change(trained, ('ema_state_dict',), averages)
    runner = make_runner(
        max_epochs=3,
        resume=resume,
        load_from=str(trained),
        default_hooks=HOOKS,
        custom_hooks=[dict(type='EMAHook')],
    )
    with pytest.raises(ValueError, match=r'ema_state_dict.*epoch_2\.pth'):
        runner.train()


def test_averages_go_on(make_runner, tmp_path):
    ema = dict(default_hooks=HOOKS, custom_hooks=[dict(type='EMAHook')])
    straight = make_runner(max_epochs=3, work_dir=str(tmp_path / 'straight'), **ema)
    straight.train()
    make_runner(max_epochs=2, **ema).train()
    resumed = make_runner(max_epochs=3, resume=True, **ema)
    resumed.train()
    for key in ('linear.weight', 'linear.bias'):
        assert torch.equal(resumed.model.state_dict()[key], straight.model.state_dict()[key])


def test_odd_descriptions_do_not_reach_a_host(trained):
    change(trained, ('meta', 'dataset_meta'), [1])
    assert 'dataset_meta' not in CheckpointLoader.load_checkpoint(str(trained))['meta']
    change(trained, ('meta',), 'text')
    assert 'meta' not in CheckpointLoader.load_checkpoint(str(trained))


def test_nan_weights_are_refused_for_a_new_training_too(make_runner, trained):
    change(trained, ('state_dict', 'linear.bias'), torch.full([1], float('nan')))
    with pytest.raises(ValueError, match=r'linear\.bias.*epoch_2\.pth are not finite'):
        make_runner(load_from=str(trained), default_hooks=HOOKS).train()


def places(node, way=()):
    """Ways to all entries of nested dicts and lists."""
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in items:
        yield (*way, key)
        if isinstance(value, dict | list):
            yield from places(value, (*way, key))


VALUES = st.one_of(
    *(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    *(st.just([]), st.just({}), st.just(10**5000), st.just(torch.zeros(3, 1)), st.just(b'x')),
    *(st.just(torch.tensor(float('nan'))), st.just(torch.zeros(1).to_sparse())),
    *(st.just(torch.zeros(2, dtype=torch.complex64)), st.just({'a': {1: [None]}})),
)


@pytest.mark.slow
@given(data=st.data())
@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_one_changed_entry_is_harmless_or_named(make_runner, tmp_path, data):
    """Whatever one entry is: the training goes on soundly, or one message says why not."""
    original = tmp_path / 'original' / 'epoch_1.pth'
    if not original.exists():
        make_runner(max_epochs=1, work_dir=str(original.parent), default_hooks=HOOKS).train()
    content = torch.load(original, weights_only=True)
    place = data.draw(st.sampled_from(sorted(places(content), key=str)))
    path = tmp_path / 'changed.pth'
    path.write_bytes(original.read_bytes())
    change(path, place, data.draw(VALUES))
    before = sorted(tmp_path.glob('original/*'))
    runner = make_runner(max_epochs=2, resume=True, load_from=str(path), default_hooks=HOOKS)
    try:
        runner.train()
    except ValueError as error:
        assert 'changed.pth' in str(error)
    else:
        assert runner.epoch == 2
        # A learning rate may be any number; NonFiniteLossHook, not among these hooks, looks on.
        if place[0] not in ('param_schedulers', 'optimizer'):
            assert all(value.isfinite().all() for value in runner.model.state_dict().values())
    assert sorted(tmp_path.glob('original/*')) == before


def test_load_checkpoint_of_mmengine_still_loads(make_runner, trained):
    runner = make_runner(default_hooks=HOOKS)
    load_checkpoint(runner.model, str(trained))
    weights = torch.load(trained, weights_only=True)['state_dict']
    assert torch.equal(runner.model.linear.weight, weights['linear.weight'])
    assert Path(trained).is_file()
