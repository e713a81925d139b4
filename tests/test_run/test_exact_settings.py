"""Which parts of a configuration are replaced so that a training can be continued exactly."""

import mmengine.runner
import pytest
from mmengine.config import Config

from mmaddp.run.exact_resume import seed_samples, use_exact_loop


@pytest.mark.parametrize(
    ('loop', 'expected'),
    [
        (dict(by_epoch=True), 'mmaddp.EpochBasedTrainLoop'),
        (dict(by_epoch=False), 'mmaddp.IterBasedTrainLoop'),
        (dict(type='EpochBasedTrainLoop'), 'mmaddp.EpochBasedTrainLoop'),
        (dict(type='mmengine.IterBasedTrainLoop'), 'mmaddp.IterBasedTrainLoop'),
        (dict(type=mmengine.runner.IterBasedTrainLoop), 'mmaddp.IterBasedTrainLoop'),
        (dict(type='mmaddp.IterBasedTrainLoop'), 'mmaddp.IterBasedTrainLoop'),
        (dict(type='mmdet.TeacherStudentLoop'), 'mmdet.TeacherStudentLoop'),
    ],
)
def test_loops(loop, expected):
    cfg = Config(dict(train_cfg=dict(loop, val_interval=2)))
    use_exact_loop(cfg)
    assert cfg.train_cfg == dict(type=expected, val_interval=2)
    use_exact_loop(cfg)
    assert cfg.train_cfg.type == expected


def test_without_training():
    for cfg in (Config(dict()), Config(dict(train_cfg=None, train_dataloader=None))):
        use_exact_loop(cfg)
        seed_samples(cfg)
        assert not any(cfg.values())


@pytest.mark.parametrize('sampler', ['mmaddp.SeededSampler', 'mmaddp.SeededInfiniteSampler'])
def test_samples_of_a_seeded_sampler(sampler):
    inner = dict(type='CocoDataset', ann_file='a.json')
    cfg = Config(dict(train_dataloader=dict(sampler=dict(type=sampler), dataset=inner)))
    for _ in range(2):
        seed_samples(cfg)
        assert cfg.train_dataloader.dataset == dict(type='mmaddp.SeededDataset', dataset=inner)


def test_samples_of_another_sampler():
    loader = dict(sampler=dict(type='DefaultSampler'), dataset=dict(type='CocoDataset'))
    cfg = Config(dict(train_dataloader=loader))
    seed_samples(cfg)
    assert cfg.train_dataloader == loader
