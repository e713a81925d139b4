import copy

import pytest
from mmengine.config import Config

from mmaddp.run.total_batch import accumulation, check_batch_settings, set_total_batch

EPOCHS = Config(
    dict(
        optim_wrapper=dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.4)),
        auto_scale_lr=dict(enable=False, base_batch_size=64),
        train_cfg=dict(by_epoch=True, max_epochs=10, val_interval=2),
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
        train_cfg=dict(type='IterBasedTrainLoop', max_iters=1000, val_interval=100),
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


def test_same_total_on_one_gpu_accumulates_and_keeps_the_rest():
    cfg = changed(EPOCHS, 64)
    assert cfg.optim_wrapper.accumulative_counts == 8
    assert cfg.optim_wrapper.optimizer.lr == pytest.approx(0.4)
    assert cfg.train_cfg == EPOCHS.train_cfg and cfg.param_scheduler == EPOCHS.param_scheduler
    assert cfg.default_hooks.checkpoint.interval == 5
    assert cfg.default_hooks.logger.interval == 400
    assert cfg.custom_hooks[0].interval == 8


def test_rate_follows_another_total():
    cfg = changed(EPOCHS, 16)
    assert cfg.optim_wrapper.accumulative_counts == 2
    assert cfg.optim_wrapper.optimizer.lr == pytest.approx(0.1)


def test_processes_count(monkeypatch):
    cfg = changed(EPOCHS, 64, 8, monkeypatch)
    assert cfg.optim_wrapper.accumulative_counts == 1
    assert cfg.default_hooks.logger.interval == 50 and 'interval' not in cfg.custom_hooks[0]
    assert changed(EPOCHS, 64, 4, monkeypatch).optim_wrapper.accumulative_counts == 2


def test_trainings_by_iteration_see_as_many_images():
    cfg = changed(ITERATIONS, 16)
    assert cfg.optim_wrapper.accumulative_counts == 8
    assert cfg.optim_wrapper.optimizer.lr == pytest.approx(1e-4)
    assert cfg.train_cfg.max_iters == 8000 and cfg.train_cfg.val_interval == 800
    linear, steps, poly = cfg.param_scheduler
    assert (linear.begin, linear.end) == (0, 400)
    assert steps.milestones == [6400, 7200]
    assert (poly.begin, poly.end) == (400, 8000)
    assert cfg.default_hooks.checkpoint.interval == 800
    # the same number of images and of updates as configured
    assert cfg.train_cfg.max_iters * 2 == 1000 * 16
    assert cfg.train_cfg.max_iters // cfg.optim_wrapper.accumulative_counts == 1000


def test_smaller_total_makes_more_updates_of_fewer_images():
    cfg = changed(ITERATIONS, 8)
    assert cfg.optim_wrapper.accumulative_counts == 4
    assert cfg.optim_wrapper.optimizer.lr == pytest.approx(5e-5)
    assert cfg.train_cfg.max_iters == 8000


def test_more_gpus_than_configured_shorten(monkeypatch):
    cfg = changed(ITERATIONS, 32, 16, monkeypatch)
    assert cfg.optim_wrapper.accumulative_counts == 1
    assert cfg.optim_wrapper.optimizer.lr == pytest.approx(2e-4)
    assert cfg.train_cfg.max_iters == 500 and cfg.param_scheduler[0].end == 25


def test_configured_accumulation_counts_to_the_total():
    cfg = changed(ITERATIONS, 16, **{'optim_wrapper.accumulative_counts': 2})
    # 32 images were configured for an update
    assert cfg.optim_wrapper.optimizer.lr == pytest.approx(5e-5)
    assert cfg.optim_wrapper.accumulative_counts == 8


@pytest.mark.parametrize(
    'total, options, message',
    [
        (20, {}, 'not a multiple of 8'),
        (4, {}, 'not a multiple of 8'),
        (64, {'auto_scale_lr': None}, 'needs auto_scale_lr.base_batch_size'),
        (64, {'auto_scale_lr.enable': True}, 'takes the place of auto_scale_lr.enable'),
    ],
)
def test_what_does_not_fit_is_refused(total, options, message):
    with pytest.raises(ValueError, match=message):
        changed(EPOCHS, total, **options)


def test_several_optimisers_do_not_accumulate():
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
