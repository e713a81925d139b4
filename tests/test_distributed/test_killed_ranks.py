"""Two ranks that are killed inside an update, and resumed, end as if nothing had happened."""

import pytest
from drawing_toy import Killed, Killer, differences, last, settings
from mmengine.config import Config
from test_distributed.ranks import Ranks
from toy_runner import make_toy_runner

from mmaddp.run.launch import prepare_launch

pytestmark = pytest.mark.slow
OPTIONS = dict(accumulate=3, save_by_epoch=False, interval=4, ema=True)


def train(launcher, folder, kill=None, resume=False):
    kinds = dict(launcher=launcher, randomness=dict(seed=3, diff_rank_seed=True))
    cfg = prepare_launch(Config(dict(resume=resume, **kinds, **settings(**OPTIONS))))
    runner = make_toy_runner(folder, **cfg)
    if kill is not None:
        runner.register_hook(Killer(kill))
    try:
        runner.train()
    except Killed:
        assert kill is not None


def test_two_ranks(tmp_path):
    whole, killed = tmp_path / 'whole', tmp_path / 'killed'
    for folder, kill, resume in ((whole, None, False), (killed, 6, False), (killed, None, True)):
        Ranks(2, train, folder, kill, resume, logs=tmp_path).wait()
    assert differences(last(whole), last(killed)) == []
