"""The switches of cost, on all kinds of training: what they set, and that results stay."""

import copy
import warnings
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import EMAHook
from mmengine.logging import MMLogger
from mmengine.optim import build_optim_wrapper
from mmengine.runner import Runner, set_random_seed

from mmaddp.engine.hooks import RecomputeHook
from mmaddp.run import config as run_config
from mmaddp.run import stand_in_data
from mmaddp.run.stand_ins import use_stand_ins
from mmaddp.run.training import TrainFlags, training_config

CONFIGS = Path(__file__).parents[2] / 'configs'
TOYS = sorted((CONFIGS / 'toy').glob('[!p]*.py'))
SWITCHES = dict(with_cp=True, ema=0.01)
# Share of the loss by which bf16 may change it; of a detector it also changes which
# proposals are drawn.
LARGEST_CHANGE, OF_A_DETECTOR = 0.002, 0.1


def of_every_kind(test):
    return pytest.mark.parametrize('path', TOYS, ids=lambda path: path.stem.partition('_')[0])(test)


def wrappers(settings):
    return [settings] if 'optimizer' in settings else [settings.generator, settings.discriminator]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty folder to work in, and small stand-ins for the data."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(stand_in_data, 'HEIGHT', 64)
    monkeypatch.setattr(stand_in_data, 'WIDTH', 64)
    return tmp_path


def read(path, **flags):
    return training_config(TrainFlags(**flags), config=str(path), work_dir='work')[0]


@of_every_kind
def test_precision_replaces_what_is_configured(path, tmp_path):
    amp = dict(type='AmpOptimWrapper', dtype='float16', loss_scale='dynamic')
    several = 'discriminator' in Config.fromfile(path).optim_wrapper
    changed = dict(generator=amp, discriminator=amp) if several else amp
    own = tmp_path / 'own.py'
    own.write_text(f'_base_ = [{str(path)!r}]\noptim_wrapper = {changed!r}\n')
    kept = 'optim_wrapper.generator.optimizer.lr' if several else 'optim_wrapper.optimizer.lr'
    flags = TrainFlags(precision='bf16')
    with warnings.catch_warnings():
        warnings.filterwarnings('error', 'This run uses float32')
        cfg, _ = training_config(flags, config=str(own), work_dir='work', cfg_options={kept: 0.5})
    assert wrappers(cfg.optim_wrapper)[0].optimizer.lr == 0.5
    for wrapper in wrappers(cfg.optim_wrapper):
        assert (wrapper.type, wrapper.precision) == ('mmaddp.PrecisionOptimWrapper', 'bf16')
        assert not {'dtype', 'loss_scale'} & wrapper.keys()
        assert wrapper.optimizer.type in ('Adam', 'AdamW')


@of_every_kind
def test_each_is_one_option(path, monkeypatch):
    monkeypatch.setattr(run_config, 'amp_available', lambda: True)
    cfg = read(path, amp='bf16', **SWITCHES)
    kinds = [hook.type for hook in cfg.custom_hooks]
    assert kinds.count('mmaddp.RecomputeHook') == kinds.count('EMAHook') == 1
    for wrapper in wrappers(cfg.optim_wrapper):
        assert (wrapper.type, wrapper.dtype) == ('AmpOptimWrapper', 'bfloat16')
        assert wrapper.loss_scale == dict(enabled=False)
    for wrapper in wrappers(read(path, amp='fp16').optim_wrapper):
        assert (wrapper.dtype, wrapper.get('loss_scale')) == ('float16', None)


def test_fp16_has_a_loss_scaler_and_keeps_its_settings(monkeypatch):
    monkeypatch.setattr(run_config, 'amp_available', lambda: True)
    given = [
        read(next((CONFIGS / 'addp').glob(f'addp_vit-large-p16{name}_*')), amp='fp16')
        for name in ('', '-sharded')
    ]
    scales = [cfg.optim_wrapper.loss_scale for cfg in given]
    assert scales == [dict(init_scale=65536.0, growth_interval=500), 'dynamic']


def test_own_hooks_of_a_configuration_stay():
    (path,) = (CONFIGS / 'addp').glob('addp_vit-base-p16_*-256px.py')
    own = [hook.type for hook in read(path).custom_hooks]
    cfg = read(path, **SWITCHES)
    assert [hook.type for hook in cfg.custom_hooks] == [*own, 'mmaddp.RecomputeHook', 'EMAHook']
    assert cfg.custom_hooks[-1].momentum == 0.01


class Toy:
    """A model of toy width with random batches, updated by plain gradient descent."""

    def __init__(self, path, folder):
        cfg, _ = use_stand_ins(read(path), folder / 'data', num_steps=2)
        for wrapper in wrappers(cfg.optim_wrapper):
            wrapper.optimizer = dict(type='SGD', lr=0.1)
            wrapper.pop('clip_grad', None)
        runner = Runner.from_cfg(cfg)
        runner.model.init_weights()
        runner.message_hub.update_info('iter', 3)  # the discriminator takes part
        self.model, self.settings = runner.model, cfg.optim_wrapper
        loader = runner.build_dataloader(cfg.train_dataloader)
        self.batches = [batch for _, batch in zip(range(2), loader)]

    def stepped(self, batches, accumulate=1, recompute=False, average=False):
        """Trained weights after some batches, by number, and the last values for the log."""
        model, settings = copy.deepcopy(self.model).train(), copy.deepcopy(self.settings)
        for wrapper in wrappers(settings):
            wrapper.accumulative_counts = accumulate
        optim_wrapper = build_optim_wrapper(model, settings)
        runner = SimpleNamespace(model=model, logger=MMLogger.get_current_instance(), iter=0)
        averaging = EMAHook(momentum=0.01)
        averaging.before_run(runner)
        if recompute:
            RecomputeHook().before_train(runner)
        for number in batches:
            set_random_seed(number)
            log = model.train_step(copy.deepcopy(self.batches[number]), optim_wrapper)
            if average:
                averaging.after_train_iter(runner, number)
        weights = {key: p.detach() for key, p in model.named_parameters() if p.requires_grad}
        return weights, {key: float(value) for key, value in log.items()}

    def loss(self, dtype):
        set_random_seed(0)
        model = copy.deepcopy(self.model).train()
        data = model.data_preprocessor(copy.deepcopy(self.batches[0]), True)
        with torch.no_grad(), torch.autocast('cpu', dtype, enabled=dtype != torch.float32):
            return float(model.parse_losses(model(**data, mode='loss'))[0])


@pytest.mark.slow
@of_every_kind
def test_results_stay(path, folder):
    toy = Toy(path, folder)
    first, log = toy.stepped([0])

    recomputed, same_log = toy.stepped([0], recompute=True)
    assert same_log == log
    assert all(torch.equal(first[key], recomputed[key]) for key in first)

    second, _ = toy.stepped([1])
    both, _ = toy.stepped([0, 1], accumulate=2, average=True)
    for key in first:
        torch.testing.assert_close(both[key], (first[key] + second[key]) / 2, rtol=1e-6, atol=1e-6)

    exact = toy.loss(torch.float32)
    limit = OF_A_DETECTOR if 'rcnn' in path.stem else LARGEST_CHANGE
    assert 0 < abs(toy.loss(torch.bfloat16) - exact) < limit * exact
