"""Learning rates that are drawn are those that a training has."""

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner
from PIL import Image
from test_run.test_analysis.analysed import TOYS
from toy_classification import toy_config, write_images

from mmaddp import cli
from mmaddp.run.analysis.schedule import learning_rates, summary


class Rates(Hook):
    """Keeps the learning rates that each step is made with."""

    def __init__(self):
        self.kept = []

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.kept.append(sorted({g['lr'] for g in runner.optim_wrapper.optimizer.param_groups}))


@pytest.mark.parametrize('scaled', [False, True])
def test_same_as_in_training(tmp_path, scaled):
    cfg = toy_config(
        write_images(tmp_path / 'images'),
        tmp_path / 'work',
        **{
            'train_cfg.max_epochs': 3,
            'param_scheduler.warmup': 1,
            'optim_wrapper.paramwise_cfg.layer_decay_rate': 0.5,
            'auto_scale_lr': dict(enable=scaled, base_batch_size=8),
            'val_cfg': None,
            'val_dataloader': None,
            'val_evaluator': None,
        },
    )
    schedule = learning_rates(cfg, steps_per_epoch=3)
    runner, hook = Runner.from_cfg(cfg), Rates()
    runner.register_hook(hook, priority='VERY_HIGH')  # before the schedulers step
    runner.train()
    highest, middle, lowest = (curve.rates for curve in schedule.curves)
    assert len(highest) == len(hook.kept) == 9 and schedule.unit == 'epoch'
    np.testing.assert_allclose([rates[-1] for rates in hook.kept], highest, rtol=1e-12)
    np.testing.assert_allclose([rates[0] for rates in hook.kept], lowest, rtol=1e-12)
    assert len({len(rates) for rates in hook.kept[1:]}) == 1
    assert all(low < mid < high for low, mid, high in zip(lowest[1:], middle[1:], highest[1:]))


def test_by_iteration_and_several_optimizers():
    (file,) = TOYS.glob('mask-rcnn-*')
    schedule = learning_rates(Config.fromfile(file))
    assert schedule.unit == 'iteration' and schedule.curves[0].steps == list(range(12))
    peak = Config.fromfile(file).optim_wrapper.optimizer.lr
    assert schedule.curves[0].rates[3] == pytest.approx(peak)
    (file,) = TOYS.glob('vqgan-*')
    cfg = Config.fromfile(file)
    assert [curve.name for curve in learning_rates(cfg).curves] == ['generator', 'discriminator']
    cfg.param_scheduler = dict(type='LinearLR', start_factor=0.1, end=30, by_epoch=False)
    with pytest.raises(ValueError, match=r'not there \(work_dirs.*--steps-per-epoch'):
        learning_rates(cfg)
    (first, _) = learning_rates(cfg, steps_per_epoch=20).curves
    assert first.rates[0] == pytest.approx(1e-4) and first.rates[-1] == pytest.approx(1e-3)


def test_command(tmp_path, capsys):
    (file,) = TOYS.glob('mask-rcnn-*')
    cli.main(['analyze', 'schedule', str(file), '--out', str(tmp_path / 'new' / 'rates.png')])
    said = capsys.readouterr().out
    assert 'highest of 4 rates: 2e-05 at the start, 0.002 at iteration 3' in said
    assert summary(learning_rates(Config.fromfile(file)))[0] in said
    with Image.open(tmp_path / 'new' / 'rates.png') as drawn:
        assert drawn.size == (600, 360)
    with pytest.raises(SystemExit, match=r'--out is a \.png file'):
        cli.main(['analyze', 'schedule', str(file), '--out', 'rates.pdf'])
    (knn,) = TOYS.parent.glob('classification/vit-base*knn*')
    with pytest.raises(SystemExit, match='has no train_dataloader'):
        cli.main(['analyze', 'schedule', str(knn), '--out', str(tmp_path / 'no.png')])
