"""The examples of the pages on own data work as they stand with a hundred pictures."""

import re
from pathlib import Path

import pytest
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from toy_classification import write_images
from toy_models import WIDTH, toy_vit

from mmaddp.run.config import read_config, use_supported_precision

ROOT = Path(__file__).resolve().parents[2]
# Page -> where its example looks for data.
PAGES = {
    'docs/pretraining.md': 'my_images',
    'docs/classification.md': 'my_pets',
    'docs/detection.md': 'my_animals',
    'docs/segmentation.md': 'my_roads',
}


def example(page, tmp_path, monkeypatch):
    """The configuration of a page, read in an empty folder."""
    text = (ROOT / page).read_text(encoding='utf-8')
    blocks = re.findall(r'```python\n(.*?)```', text, re.DOTALL)
    (code,) = [code for code in blocks if f"data_root='{PAGES[page]}'" in code]
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'own.py').write_text(code)
    cfg = read_config(tmp_path / 'own.py', work_dir=tmp_path / 'work')
    use_supported_precision(cfg)
    for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        if cfg.get(name) is not None:
            cfg[name].update(num_workers=0, persistent_workers=False)
    return cfg


@pytest.mark.parametrize('page', PAGES)
def test_batch_and_rate_are_those_of_one_gpu(page, tmp_path, monkeypatch):
    cfg = example(page, tmp_path, monkeypatch)
    assert cfg.train_dataloader.batch_size <= 32
    assert cfg.auto_scale_lr.enable and cfg.auto_scale_lr.base_batch_size >= 16


def test_pre_training_on_a_hundred_pictures_has_steps(tmp_path, monkeypatch):
    cfg = example('docs/pretraining.md', tmp_path, monkeypatch)
    write_images(tmp_path / 'made', counts=(34, 33, 33))
    (tmp_path / 'made' / 'train').rename(tmp_path / 'my_images')
    init_default_scope('mmpretrain')
    loader = Runner.build_dataloader(cfg.train_dataloader, seed=0)
    assert len(loader.dataset) == 100 and len(loader) == 3
    assert next(iter(loader))['inputs'].shape == (32, 3, 256, 256)


def test_classification_of_a_hundred_pictures_trains(tmp_path, monkeypatch):
    """A network of toy width in place of ViT-B; six epochs, five of them warm-up."""
    cfg = example('docs/classification.md', tmp_path, monkeypatch)
    write_images(tmp_path / 'my_pets', counts=(34, 33, 33))
    cfg.model.backbone = dict(
        toy_vit(pre_norm=False, final_norm=False, img_size=256, patch_size=64),
        out_type='avg_featmap',
    )
    cfg.model.head.in_channels = WIDTH
    cfg.train_cfg.update(max_epochs=6, val_interval=6)
    cfg.update(log_level='WARNING', experiment_name=f'own_{tmp_path.name}')
    runner = Runner.from_cfg(cfg)
    runner.train()
    assert runner.iter == 6 * 6
    rates = [group['initial_lr'] for group in runner.optim_wrapper.optimizer.param_groups]
    assert max(rates) == pytest.approx(4e-3 * 16 / 1024)
