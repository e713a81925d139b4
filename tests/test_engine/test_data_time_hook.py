import json
from types import SimpleNamespace

import pytest
import torch
from mmengine.logging import MessageHub
from torch import nn
from torch.utils.data import DataLoader
from toy_models import NUM_CODES, toy_predictor

from mmaddp.datasets import TokenDataset
from mmaddp.datasets.token_cache import write_token_cache
from mmaddp.engine.hooks import DataTimeHook
from mmaddp.engine.hooks.data_time_hook import switch_to_turn
from mmaddp.registry import MODELS


@pytest.fixture
def runner():
    """What the hook sees of a Runner, with the hints that it logs."""
    hints = []
    return SimpleNamespace(
        message_hub=MessageHub('data_time'),
        logger=SimpleNamespace(warning=hints.append),
        train_dataloader=DataLoader([1, 2]),
        model=nn.Linear(1, 1),
        hints=hints,
    )


def train(hook, runner, times):
    """Iterations of (seconds of waiting, seconds in all); the share after each of them."""
    hook.before_train(runner)
    for waited, whole in times:
        runner.message_hub.update_scalar('train/data_time', waited)
        runner.message_hub.update_scalar('train/time', whole)
        hook.after_train_iter(runner, 0)
    return runner.message_hub.get_scalar('train/data_time_share').data[0].tolist()


def test_share_of_a_window_and_one_hint(runner):
    hook = DataTimeHook(window=3, limit=0.1)
    start = (9.0, 10.0)  # the first iteration starts the workers
    shares = train(hook, runner, [start, (0.0, 1.0), (1.0, 2.0), (0.0, 1.0)])
    assert shares == pytest.approx([0, 1 / 3, 1 / 4])
    assert len(runner.hints) == 1
    assert runner.hints[0].startswith('25% of the last 3 iterations were spent waiting for data.')
    assert 'train_dataloader.num_workers' in runner.hints[0]
    train(hook, runner, [start, *[(1.0, 1.0)] * 5])
    assert len(runner.hints) == 1


def test_no_hint_where_data_keep_up(runner):
    train(DataTimeHook(window=3, limit=0.1), runner, [(0.05, 1.0)] * 20)
    train(DataTimeHook(window=30), runner, [(1.0, 1.0)] * 20)
    assert not runner.hints


def test_it_is_in_the_log(make_runner, tmp_path):
    hooks = dict(
        data_time=dict(type='mmaddp.DataTimeHook'), logger=dict(type='LoggerHook', interval=1)
    )
    make_runner(default_hooks=hooks, log_level='INFO').train()
    (log,) = (tmp_path / 'work').rglob('scalars.json')
    shares = [json.loads(line).get('data_time_share') for line in log.read_text().splitlines()]
    assert len(shares) == 8 and all(0 <= share <= 1 for share in shares[1:])


def test_the_hint_names_what_can_still_be_changed(tmp_path, monkeypatch):
    write_token_cache(tmp_path / 'a', torch.zeros(3, 1, 16, dtype=torch.long), list('abc'), 24)
    tokens = TokenDataset(str(tmp_path / 'a'), NUM_CODES)
    mage = MODELS.build(dict(type='mmaddp.MAGE', token_predictor=toy_predictor()))
    other = nn.Linear(1, 1)
    busy = dict(num_workers=2, persistent_workers=True)
    for dataset, model, settings, expected in (
        ([1, 2], mage, {}, 'Set train_dataloader.num_workers'),
        ([1, 2], mage, dict(num_workers=2), 'Set train_dataloader.persistent_workers=True'),
        ([1, 2], mage, busy, 'A token cache'),
        ([1, 2], other, busy, 'Raise train_dataloader.num_workers, now 2'),
        (tokens, mage, busy, 'Raise train_dataloader.num_workers, now 2'),
    ):
        assert switch_to_turn(DataLoader(dataset, **settings), model).startswith(expected)
    monkeypatch.setattr('torch.cuda.is_available', lambda: True)
    hint = switch_to_turn(DataLoader([1, 2], **busy), other)
    assert hint.startswith('Set train_dataloader.pin_memory=True')


@pytest.mark.parametrize('settings', [dict(window=0), dict(limit=-0.1), dict(limit=10)])
def test_arguments(settings):
    with pytest.raises(ValueError, match='DataTimeHook takes'):
        DataTimeHook(**settings)
