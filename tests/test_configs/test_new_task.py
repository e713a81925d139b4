"""The example of a new task on the page on configs trains and is tested as it stands."""

import json
import re
from pathlib import Path

import numpy as np
from mmengine.runner import Runner
from PIL import Image
from toy_models import WIDTH, toy_vit

from mmaddp.run.config import read_config, use_supported_precision

PAGE = Path(__file__).resolve().parents[2] / 'docs' / 'configs.md'


def write_tagged_pictures(folder):
    """Twenty pictures for training and twenty to validate with, and their tags."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    for part in ('train', 'val'):
        rows = []
        for number in range(20):
            name = f'{part}{number}.png'
            Image.fromarray(rng.integers(0, 256, (40, 40, 3), np.uint8)).save(folder / name)
            rows.append({'img_path': name, 'gt_label': [number % 3]})
        meta = {'classes': ['dog', 'cat', 'grass']}
        (folder / f'{part}.json').write_text(json.dumps({'metainfo': meta, 'data_list': rows}))


def test_tags_of_pictures_train(tmp_path, monkeypatch):
    """A network of toy width in place of ViT-B; one epoch."""
    blocks = re.findall(r'```python\n(.*?)```', PAGE.read_text(), re.DOTALL)
    (code,) = [code for code in blocks if 'my_tags' in code]
    assert len([line for line in code.splitlines() if not line.startswith('#')]) <= 20
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'my_tags.py').write_text(code)
    write_tagged_pictures(tmp_path / 'my_tags')
    cfg = read_config(tmp_path / 'my_tags.py', work_dir=tmp_path / 'work')
    use_supported_precision(cfg)
    for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        cfg[name].update(num_workers=0, persistent_workers=False)
    cfg.model.backbone = dict(
        toy_vit(pre_norm=False, final_norm=False, img_size=256, patch_size=64),
        out_type='avg_featmap',
    )
    cfg.model.head.in_channels = WIDTH
    cfg.train_cfg.update(max_epochs=1, val_interval=1)
    cfg.param_scheduler.warmup = 0
    cfg.update(log_level='WARNING', experiment_name=f'tags_{tmp_path.name}')
    runner = Runner.from_cfg(cfg)
    runner.train()
    assert runner.iter == 1
    precision = runner.message_hub.get_scalar('val/multi-label/precision').current()
    assert 0 <= precision <= 100
