"""Two processes train the same whether the first of them looks at the model or not."""

import pytest
import torch
from test_distributed.kinds import toy
from test_distributed.ranks import Ranks
from test_distributed.record import train_and_record
from toy_data import copy_digits

from mmaddp.run.config import read_config

pytestmark = pytest.mark.slow


def train(launcher, data, folder, watched):
    path, options = toy('addp', data, log_level='ERROR', train_cfg__max_epochs=2)
    if watched:
        pictures = dict(pictures=str(data / 'classification' / 'val'), most=40, max_share=None)
        options |= {
            'default_hooks.features': dict(type='mmaddp.FeatureInsightHook', **pictures),
            'default_hooks.preview': dict(type='mmaddp.GenerationPreviewHook', by_epoch=False),
        }
    cfg = read_config(path, options, folder / f'watched_{watched}', launcher)
    train_and_record(cfg, folder / f'watched_{watched}.pth')


def test_the_first_of_two_processes_looks(tmp_path):
    data = copy_digits(tmp_path / 'digits')
    runs = [Ranks(2, train, data, tmp_path, watched, logs=tmp_path) for watched in (True, False)]
    for run in runs:
        run.wait()
    one, other = (
        torch.load(tmp_path / f'watched_{watched}.pth', weights_only=True)
        for watched in (True, False)
    )
    assert one['losses'] == other['losses'] and one['steps'] == 4
    assert all(torch.equal(one['weights'][key], other['weights'][key]) for key in one['weights'])
    sheets = {path.name for path in tmp_path.glob('watched_True/*/vis_data/vis_image/*.png')}
    assert {'features_2.png', 'features_4.png', 'samples_1.png', 'targets_4.png'} <= sheets
    assert not any(tmp_path.glob('watched_False/*/vis_data/vis_image'))
