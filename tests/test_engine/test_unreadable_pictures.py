"""Damaged pictures in detection and segmentation: named, or passed over and counted on request."""

import warnings

import pytest
from mmengine.runner import Runner
from toy_scenes import make_scenes, write_segmentation_config

from mmaddp.run.config import read_config

pytestmark = pytest.mark.slow

pytest.importorskip('mmseg')


@pytest.fixture
def damaged(tmp_path):
    """Configuration of a segmentor, one of whose four scenes is cut off."""
    data = make_scenes(tmp_path / 'scenes')
    (first, *_) = sorted((data / 'segmentation' / 'images' / 'training').iterdir())
    first.write_bytes(first.read_bytes()[:1000])
    cfg = read_config(write_segmentation_config(tmp_path, data), work_dir=tmp_path / 'work')
    cfg.model.data_preprocessor = dict(type='SegDataPreProcessor', size=(128, 128))
    return cfg, first


def train(cfg):
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        runner = Runner.from_cfg(cfg)
        runner.train()
    return runner


def test_a_picture_that_is_cut_off_is_named(damaged):
    cfg, file = damaged
    with pytest.raises(ValueError, match=rf'Cannot read the image .*{file.name} \(1000 bytes\)'):
        train(cfg)


def test_it_is_passed_over_and_counted_on_request(damaged, monkeypatch):
    cfg, _ = damaged
    cfg.train_dataloader.dataset.dataset.pipeline[0].skip_broken = True
    lines = []
    monkeypatch.setattr('logging.Logger.warning', lambda self, text, *_: lines.append(str(text)))
    assert train(cfg).iter == 2
    (line, *_) = [line for line in lines if 'unreadable' in line]
    assert int(line.split()[0]) >= 1
