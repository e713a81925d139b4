from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import ConcatDataset
from mmengine.registry import init_default_scope
from mmpretrain.structures import DataSample
from PIL import Image

from mmaddp.datasets import CheckedCustomDataset
from mmaddp.engine.hooks import ShowPredictionsHook

NAMES = ('x/img.jpg', 'y/img.jpg', 'y/img.png', 'y/other.webp')


@pytest.fixture
def runner(tmp_path):
    init_default_scope('mmpretrain')
    for name in NAMES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / name)
    parts = [
        CheckedCustomDataset(data_root=str(tmp_path / name), with_label=False) for name in 'xy'
    ]
    return SimpleNamespace(
        cfg=Config(dict(visualizer=dict(type='UniversalVisualizer'))),
        test_dataloader=SimpleNamespace(dataset=ConcatDataset(parts)),
    )


def outputs(paths):
    samples = [DataSample(metainfo=dict(img_path=str(path))) for path in paths]
    return [sample.set_pred_score(torch.tensor([0.3, 0.7])) for sample in samples]


def test_every_picture_of_a_joined_set_is_drawn(runner, tmp_path):
    hook = ShowPredictionsHook(str(tmp_path / 'shown'))
    hook.before_test(runner)
    # In an order of their own, as processes see them.
    hook.after_test_iter(runner, 0, outputs=outputs(tmp_path / name for name in NAMES[::-1]))
    assert sorted(file.name for file in (tmp_path / 'shown').iterdir()) == [
        *('img.png.png', 'other.png', 'x_img.jpg.png', 'y_img.jpg.png'),
    ]


@pytest.mark.parametrize('folder', ['x', 'y'])
def test_pictures_are_not_written_over(runner, tmp_path, folder):
    before = (tmp_path / NAMES[2]).read_bytes()
    with pytest.raises(ValueError, match='choose another place for --show-dir'):
        ShowPredictionsHook(str(tmp_path / folder)).before_test(runner)
    assert (tmp_path / NAMES[2]).read_bytes() == before


def test_samples_without_images(runner):
    hook = ShowPredictionsHook('shown')
    hook.before_test(runner)
    with pytest.raises(ValueError, match='these samples are none'):
        hook.after_test_iter(runner, 0, outputs=[DataSample()])
