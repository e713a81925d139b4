from unittest import mock

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import AmpOptimWrapper, OptimWrapper, build_optim_wrapper
from mmengine.optim.optimizer import amp_optimizer_wrapper

from mmaddp.run import config as run_config
from mmaddp.run.config import REQUIRED_HOOKS, read_config, use_supported_precision

TOY = 'tests/test_tools/toy_addp.py'


@pytest.fixture
def toy(request):
    return request.config.rootpath / TOY


@pytest.fixture
def amp_device(monkeypatch):
    """Pretend that there is a device with mixed precision."""
    monkeypatch.setattr(run_config, 'amp_available', lambda: True)
    monkeypatch.setattr(amp_optimizer_wrapper, 'is_cuda_available', lambda: True)
    scaler = mock.Mock()
    monkeypatch.setattr(amp_optimizer_wrapper, 'GradScaler', scaler)
    return scaler


def test_amp_is_really_on_where_the_device_has_it(toy, amp_device):
    cfg = read_config(toy)
    wrapper = build_optim_wrapper(torch.nn.Linear(2, 2), cfg.optim_wrapper)
    assert type(wrapper) is AmpOptimWrapper
    assert wrapper.cast_dtype is torch.float16
    amp_device.assert_called_once_with(init_scale=65536.0, growth_interval=500)
    assert isinstance(wrapper.optimizer, torch.optim.AdamW)
    assert wrapper.clip_grad_kwargs == dict(max_norm=3.0)


def test_without_amp_the_tool_says_so_and_uses_float32(toy, monkeypatch):
    monkeypatch.setattr(run_config, 'amp_available', lambda: False)
    with pytest.warns(UserWarning, match=r'float32: AmpOptimWrapper'):
        cfg = read_config(toy)
    wrapper = build_optim_wrapper(torch.nn.Linear(2, 2), cfg.optim_wrapper)
    assert type(wrapper) is OptimWrapper
    assert wrapper.clip_grad_kwargs == dict(max_norm=3.0)
    assert wrapper.optimizer.param_groups[0]['lr'] == pytest.approx(1.6e-3)


def test_wrappers_of_several_optimizers_are_replaced(monkeypatch):
    monkeypatch.setattr(run_config, 'amp_available', lambda: False)
    amp = dict(type='AmpOptimWrapper', dtype='bfloat16', optimizer=dict(type='SGD', lr=1.0))
    cfg = Config(dict(optim_wrapper=dict(generator=amp, discriminator=dict(amp))))
    with pytest.warns(UserWarning):
        use_supported_precision(cfg)
    for part in cfg.optim_wrapper.values():
        assert part == dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=1.0))


def test_float32_configurations_do_not_warn(monkeypatch, recwarn):
    monkeypatch.setattr(run_config, 'amp_available', lambda: False)
    use_supported_precision(Config(dict(optim_wrapper=dict(type='OptimWrapper'))))
    use_supported_precision(Config(dict()))
    assert not recwarn.list


def test_work_dir_is_flag_then_file_then_name(tmp_path):
    (tmp_path / 'named.py').write_text('')
    (tmp_path / 'given.py').write_text('work_dir = "from_file"')
    assert read_config(tmp_path / 'named.py').work_dir == 'work_dirs/named'
    assert read_config(tmp_path / 'given.py').work_dir == 'from_file'
    assert read_config(tmp_path / 'given.py', work_dir='x').work_dir == 'x'


def test_options_and_unknown_keys(tmp_path):
    (tmp_path / 'a.py').write_text('train_cfg = dict(max_epochs=3)')
    options = {'train_cfg.max_epochs': 7}
    assert read_config(tmp_path / 'a.py', options).train_cfg.max_epochs == 7
    with pytest.raises(ValueError, match='fp16'):
        read_config(tmp_path / 'a.py', {'fp16.loss_scale': 512})


def test_written_configuration_can_be_run_again(toy, tmp_path):
    cfg = read_config(toy)
    assert 'max_epochs' in Config.fromfile(toy) and 'max_epochs' not in cfg
    cfg.dump(tmp_path / 'written.py')
    again = read_config(tmp_path / 'written.py', work_dir=cfg.work_dir)
    assert again.to_dict() == cfg.to_dict()


def test_hooks_are_added_unless_left_out(tmp_path):
    (tmp_path / 'a.py').write_text('default_hooks = dict(strict_load=None, check_label_maps=None)')
    hooks = read_config(tmp_path / 'a.py').default_hooks
    assert REQUIRED_HOOKS.keys() - hooks.keys() == {'strict_load', 'check_label_maps'}
    assert hooks.keys() - REQUIRED_HOOKS.keys() == {'checkpoint'}


@pytest.mark.parametrize('scope, stacks', [('mmpretrain', True), ('mmdet', False)])
def test_only_mmpretrain_stacks_batches(tmp_path, scope, stacks):
    (tmp_path / 'a.py').write_text(
        f'default_scope = "{scope}"\ntrain_dataloader = dict(batch_size=2, num_workers=3)\n'
    )
    loader = read_config(tmp_path / 'a.py').train_dataloader
    assert ('collate_fn' in loader) is stacks
    assert loader.batch_size == 2 and loader.persistent_workers


LAZY = """
from mmengine.config import read_base

with read_base():
    from .base import *

from mmengine.hooks import CheckpointHook, EMAHook
from mmengine.optim import OptimWrapper
from torch.optim import SGD

optim_wrapper = dict(type=OptimWrapper, optimizer=dict(type=SGD, lr=rate * 2))
default_hooks = dict(checkpoint=dict(type=CheckpointHook, interval=2))
"""


@pytest.fixture
def lazy(tmp_path):
    """A configuration in mmengine's newer style: types are classes, bases are imported."""
    (tmp_path / 'base.py').write_text(
        'epochs = 3\nrate = 0.1\ntrain_cfg = dict(by_epoch=True, max_epochs=epochs)\n'
    )
    (tmp_path / 'lazy.py').write_text(LAZY)
    return tmp_path / 'lazy.py'


def test_lazy_configurations_are_read_and_checked(lazy):
    cfg = read_config(lazy, {'optim_wrapper.optimizer.lr': 0.5})
    assert cfg.optim_wrapper.type is OptimWrapper and cfg.optim_wrapper.optimizer.lr == 0.5
    assert cfg.train_cfg.max_epochs == 3
    assert cfg.default_hooks.checkpoint == dict(type='mmaddp.CheckpointHook', interval=2)
    for options, message in (
        ({'optim_wrapper.optimizer.lrr': 1}, "lrr: SGD has none .*'lr'"),
        ({'epochs': 5}, "'epochs'.*change nothing"),
        ({'epoks': 5}, "'epoks'"),
    ):
        with pytest.raises(ValueError, match=message):
            read_config(lazy, options)


@pytest.mark.parametrize('suffix', ['py', 'json', 'yaml'])
@pytest.mark.parametrize('style', ['lazy', 'toy'])
def test_written_configurations_can_be_read_in_every_form(request, tmp_path, style, suffix):
    cfg = read_config(request.getfixturevalue(style), work_dir='run')
    cfg.dump(tmp_path / f'written.{suffix}')
    again = read_config(tmp_path / f'written.{suffix}')
    assert again.train_cfg == cfg.train_cfg and again.work_dir == 'run'
    assert again.default_hooks.checkpoint.type == 'mmaddp.CheckpointHook'
    with pytest.raises(ValueError, match=r'lrr'):
        read_config(tmp_path / f'written.{suffix}', {'optim_wrapper.optimizer.lrr': 1})


@pytest.mark.parametrize(
    'text, message',
    [
        ('a = (', 'SyntaxError'),
        ('a = b', 'NameError'),
        ('_base_ = "absent.py"', 'absent.py'),
        ('custom_imports = dict(imports=["no_such_module"])', 'no_such_module'),
    ],
)
def test_files_that_cannot_be_read_are_named(tmp_path, text, message):
    (tmp_path / 'a.py').write_text(text)
    with pytest.raises((ValueError, OSError), match=message):
        read_config(tmp_path / 'a.py')


@pytest.mark.parametrize('name', ['addp/addp_vit-base-p16_8xb512-amp-coslr-1600e_in1k-256px'])
def test_packaged_configurations(name):
    for address in (f'mmaddp::{name}', f'mmaddp::{name}.py'):
        assert read_config(address).model.type == 'mmaddp.ADDP'
    for address in ('mmaddp::absent', 'absent_package::a.py'):
        with pytest.raises(FileNotFoundError, match=r'absent'):
            read_config(address)
