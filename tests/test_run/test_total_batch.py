import copy

import pytest
from mmengine.config import Config

from mmaddp.run.total_batch import accumulation, check_batch_settings, set_total_batch

EPOCHS = Config(
    dict(
        optim_wrapper=dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.4)),
        auto_scale_lr=dict(enable=False, base_batch_size=64),
        train_cfg=dict(type='mmaddp.EpochBasedTrainLoop', max_epochs=10, val_interval=2),
        train_dataloader=dict(batch_size=8),
        param_scheduler=dict(type='mmaddp.WarmupCosineLR', warmup=2, convert_to_iter_based=True),
        default_hooks=dict(
            logger=dict(type='LoggerHook', interval=50),
            checkpoint=dict(type='mmaddp.CheckpointHook', interval=5),
        ),
        custom_hooks=[dict(type='EMAHook', momentum=0.1)],
    )
)
ITERATIONS = Config(
    dict(
        optim_wrapper=dict(type='AmpOptimWrapper', optimizer=dict(type='AdamW', lr=1e-4)),
        auto_scale_lr=dict(enable=False, base_batch_size=16),
        train_cfg=dict(type='mmaddp.IterBasedTrainLoop', max_iters=1000, val_interval=100),
        train_dataloader=dict(batch_size=2),
        param_scheduler=[
            dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=50),
            dict(type='MultiStepLR', by_epoch=False, milestones=[800, 900], gamma=0.1),
            dict(type='PolyLR', by_epoch=False, begin=50, end=1000),
        ],
        default_hooks=dict(
            logger=dict(type='LoggerHook', interval=50),
            checkpoint=dict(type='mmaddp.CheckpointHook', by_epoch=False, interval=100),
        ),
    )
)


def changed(cfg, total, processes=None, monkeypatch=None, **options):
    cfg = copy.deepcopy(cfg)
    cfg.merge_from_dict(options)
    if processes:
        monkeypatch.setenv('WORLD_SIZE', str(processes))
        cfg.launcher = 'pytorch'
    note = set_total_batch(cfg, total)
    assert str(total) in note
    return cfg


def batch(cfg):
    """Images that a process takes for an update, and passes."""
    assert cfg.optim_wrapper.get('accumulative_counts', 1) == 1
    return cfg.train_dataloader.batch_size, cfg.train_cfg.get('passes', 1)


def test_same_total_on_one_gpu_takes_passes_and_keeps_the_rest():
    cfg = changed(EPOCHS, 64)
    assert batch(cfg) == (64, 8)
    assert cfg.optim_wrapper.optimizer.lr == pytest.approx(0.4)
    assert cfg.train_cfg == {**EPOCHS.train_cfg, 'passes': 8}
    assert cfg.param_scheduler == EPOCHS.param_scheduler
    assert cfg.default_hooks == EPOCHS.default_hooks and cfg.custom_hooks == EPOCHS.custom_hooks


def test_rate_follows_another_total():
    cfg = changed(EPOCHS, 16)
    assert batch(cfg) == (16, 2)
    assert cfg.optim_wrapper.optimizer.lr == pytest.approx(0.1)


def test_processes_count(monkeypatch):
    cfg = changed(EPOCHS, 64, 8, monkeypatch)
    assert batch(cfg) == (8, 1)
    assert cfg.default_hooks.logger.interval == 50
    assert batch(changed(EPOCHS, 64, 4, monkeypatch)) == (16, 2)


@pytest.mark.parametrize(
    'total, processes, divided',
    [(4, 1, (4, 1)), (8, 4, (2, 1)), (20, 1, (20, 4)), (22, 1, (22, 11)), (24, 2, (12, 2))],
)
def test_passes_are_equal_and_hold_no_more_than_configured(total, processes, divided, monkeypatch):
    assert batch(changed(EPOCHS, total, processes, monkeypatch)) == divided


def test_trainings_by_iteration_keep_their_updates():
    cfg = changed(ITERATIONS, 16)
    assert batch(cfg) == (16, 8)
    assert cfg.optim_wrapper.optimizer.lr == pytest.approx(1e-4)
    assert cfg.train_cfg == {**ITERATIONS.train_cfg, 'passes': 8}
    assert cfg.param_scheduler == ITERATIONS.param_scheduler
    assert cfg.default_hooks == ITERATIONS.default_hooks


def test_smaller_total_makes_more_updates_of_fewer_images():
    cfg = changed(ITERATIONS, 8)
    assert batch(cfg) == (8, 4)
    assert cfg.optim_wrapper.optimizer.lr == pytest.approx(5e-5)
    assert cfg.train_cfg.max_iters == 2000 and cfg.train_cfg.val_interval == 200
    linear, steps, poly = cfg.param_scheduler
    assert (linear.begin, linear.end) == (0, 100)
    assert steps.milestones == [1600, 1800]
    assert (poly.begin, poly.end) == (100, 2000)
    assert cfg.default_hooks.checkpoint.interval == 200
    assert cfg.default_hooks.logger.interval == 100


def test_more_gpus_than_configured_shorten(monkeypatch):
    cfg = changed(ITERATIONS, 32, 16, monkeypatch)
    assert batch(cfg) == (2, 1)
    assert cfg.optim_wrapper.optimizer.lr == pytest.approx(2e-4)
    assert cfg.train_cfg.max_iters == 500 and cfg.param_scheduler[0].end == 25


def test_configured_accumulation_counts_to_the_total():
    cfg = changed(ITERATIONS, 16, **{'optim_wrapper.accumulative_counts': 2})
    # 32 images were configured for an update
    assert cfg.optim_wrapper.optimizer.lr == pytest.approx(5e-5)
    assert batch(cfg) == (16, 8)


@pytest.mark.parametrize(
    'total, options, message',
    [
        (64, {'train_cfg.type': 'OtherLoop'}, 'in 8 passes, which OtherLoop cannot do'),
        (64, {'auto_scale_lr': None}, 'needs auto_scale_lr.base_batch_size'),
        (64, {'auto_scale_lr.enable': True}, 'takes the place of auto_scale_lr.enable'),
    ],
)
def test_what_does_not_fit_is_refused(total, options, message):
    with pytest.raises(ValueError, match=message):
        changed(EPOCHS, total, **options)


def test_more_processes_than_the_total_divides_into_are_refused(monkeypatch):
    with pytest.raises(ValueError, match='64 images cannot be divided among 3 processes'):
        changed(EPOCHS, 64, 3, monkeypatch)


def test_several_optimisers_take_one_pass():
    wrapper = EPOCHS.optim_wrapper
    cfg = Config(dict(EPOCHS._cfg_dict, optim_wrapper=dict(a=wrapper, b=copy.deepcopy(wrapper))))
    with pytest.raises(ValueError, match='several optimisers'):
        set_total_batch(copy.deepcopy(cfg), 64)
    cfg = copy.deepcopy(cfg)
    cfg.train_dataloader.batch_size = 16
    set_total_batch(cfg, 16)
    assert [part.optimizer.lr for part in cfg.optim_wrapper.values()] == [0.1, 0.1]


def test_scaling_beside_accumulation_is_refused():
    cfg = copy.deepcopy(EPOCHS)
    cfg.optim_wrapper.accumulative_counts = 4
    check_batch_settings(cfg)
    assert accumulation(cfg) == 4
    cfg.auto_scale_lr.enable = True
    with pytest.raises(ValueError, match=r'cannot be combined.*--total-batch'):
        check_batch_settings(cfg)
    cfg.optim_wrapper.accumulative_counts = 1
    check_batch_settings(cfg)
