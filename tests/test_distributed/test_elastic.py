"""A training that goes on with another number of processes does what it would have done.

Two processes, then one, then two again, with all that they draw for themselves: drop path, mixup,
masks, dropout, boxes. One process takes in two passes what two took at once.
"""

import pytest
import torch
from test_distributed.kinds import FOLDERS, toy, without_draws
from test_distributed.ranks import Ranks
from test_distributed.record import assert_alike, train_and_record
from toy_scenes import make_scenes

from mmaddp.run.training import TrainFlags, training_config

pytestmark = pytest.mark.slow

EPOCHS, ITERATIONS = ('classifier', 'mage', 'vqgan'), tuple(FOLDERS)
BATCHES = dict.fromkeys(EPOCHS, 4) | dict.fromkeys(ITERATIONS, 2) | dict(vqgan=8)
MOMENTS = dict.fromkeys(EPOCHS, (5, 10)) | dict.fromkeys(ITERATIONS, (2, 4))
EMA = dict(type='EMAHook', momentum=0.1)


def options_of(kind, data, workers=0):
    """File and options of a toy that saves by iteration, also inside an epoch."""
    length = dict(train_cfg__max_iters=6, train_cfg__val_interval=3) if kind in FOLDERS else {}
    return toy(
        *(kind, data),
        train_dataloader__num_workers=workers,
        train_dataloader__batch_size=BATCHES.get(kind, 8),
        default_hooks__checkpoint__by_epoch=False,
        default_hooks__checkpoint__interval=MOMENTS.get(kind, (5,))[0],
        custom_hooks=[EMA] if kind == 'upernet' else [],
        log_level='ERROR',
        **length,
    )


def train(launcher, kind, data, work_dir, extra=None, workers=0, **flags):
    """Train as tools/train.py does."""
    path, options = options_of(kind, data, workers)
    cfg, _ = training_config(
        TrainFlags(**flags),
        config=path,
        cfg_options=options | (extra or {}),
        work_dir=work_dir,
        launcher=launcher,
    )
    train_and_record(cfg, work_dir.with_suffix('.record'))


def straight(launcher, data, base):
    """Train without a stop: several kinds with two processes, one with one."""
    if launcher == 'none':
        train(launcher, 'addp', data, base / 'straight_addp', without_draws('addp', data))
        return
    for kind in (*EPOCHS, *ITERATIONS):
        # A process holds 8 at a time, because two optimisers cannot take passes.
        extra = {'train_dataloader.batch_size': 4} if kind == 'vqgan' else None
        workers = 4 if kind == 'classifier' else 0
        train(launcher, kind, data, base / f'straight_{kind}', extra, workers)


def go_on_alone(launcher, data, base):
    """Go on with one process from the first checkpoint."""
    for kind in (*EPOCHS, *ITERATIONS):
        start = base / f'straight_{kind}' / f'iter_{MOMENTS[kind][0]}.pth'
        train(launcher, kind, data, base / f'alone_{kind}', resume=str(start), keep_batch=True)


def go_on_together(launcher, data, base):
    """Go on with two processes from a checkpoint of one."""
    for kind in (*EPOCHS, *ITERATIONS):
        start = base / f'alone_{kind}' / f'iter_{MOMENTS[kind][1]}.pth'
        train(launcher, kind, data, base / f'together_{kind}', resume=str(start), keep_batch=True)
    start = base / 'straight_addp' / 'iter_5.pth'
    extra = without_draws('addp', data)
    work_dir = base / 'together_addp'
    train(launcher, 'addp', data, work_dir, extra, resume=str(start), keep_batch=True)


@pytest.fixture(scope='module')
def base(tmp_path_factory):
    """Folder with the data and with all trainings."""
    base = tmp_path_factory.mktemp('elastic')
    data = make_scenes(base / 'digits', train=12)
    both = [Ranks(number, straight, data, base, logs=base) for number in (2, 1)]
    for ranks in both:
        ranks.wait()
    Ranks(1, go_on_alone, data, base, logs=base).wait()
    Ranks(2, go_on_together, data, base, logs=base).wait()
    return base


def record(base, name):
    return torch.load(base / f'{name}.record', weights_only=True)


@pytest.mark.parametrize('kind', [*EPOCHS, *ITERATIONS])
def test_one_process_goes_on_for_two_and_two_for_one(base, kind):
    reference = record(base, f'straight_{kind}')
    assert len(reference['samples'][0]) == (4 if kind in FOLDERS else 8)
    first, second = MOMENTS[kind]
    assert_alike(reference, record(base, f'alone_{kind}'), first)
    assert_alike(reference, record(base, f'together_{kind}'), second)
    for run in ('straight', 'alone'):
        assert (base / f'{run}_{kind}' / f'iter_{second}.pth').is_file()


def test_averages_go_on_too(base):
    last = [
        torch.load(base / f'{run}_upernet' / 'iter_6.pth', weights_only=True)
        for run in ('straight', 'alone', 'together')
    ]
    for name, value in last[0]['ema_state_dict'].items():
        for other in last[1:]:
            torch.testing.assert_close(other['ema_state_dict'][name], value, rtol=0, atol=1e-5)


def test_two_processes_go_on_for_one_that_never_took_passes(base):
    assert_alike(record(base, 'straight_addp'), record(base, 'together_addp'), 5)


def test_another_batch_is_refused_and_weights_alone_are_not(base, tmp_path):
    checkpoint = base / 'straight_classifier' / 'iter_10.pth'
    data = base / 'digits'
    message = (
        r'iter_10\.pth was trained with 8 images per update \(2 ranks x 4 images x 1 batches '
        r'accumulated\); this run has 4 .* \(1 ranks x 4 .*--keep-batch.*load_from='
    )
    with pytest.raises(ValueError, match=message):
        train('none', 'classifier', data, tmp_path / 'a', resume=str(checkpoint))
    train(
        *('none', 'classifier', data, tmp_path / 'b'),
        {'load_from': str(checkpoint), 'train_cfg.max_epochs': 2},
    )
    odd = {'train_dataloader.batch_size': 2}
    with pytest.raises(ValueError, match=r'--keep-batch would take 8 images in 4 passes.*several'):
        start = str(base / 'straight_vqgan' / 'iter_5.pth')
        train('none', 'vqgan', data, tmp_path / 'c', odd, resume=start, keep_batch=True)
