"""A segmentation set of somebody else, outside the repository, with the installed package."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from PIL import Image

from mmaddp.utils.config_keys import check_config_keys

pytest.importorskip('mmseg')
ROOT = Path(__file__).resolve().parents[2]
SMALL = 'mmaddp::quickstart/upernet-vit-w96-p8_1xb8-1200i_digit-scenes.py'


@pytest.fixture
def documented():
    """The example of the user page: a configuration of a data set with three classes."""
    page = (ROOT / 'docs' / 'segmentation.md').read_text()
    (example,) = re.findall(r'```python\n# my_roads\.py\n(.*?)```', page, re.DOTALL)
    return example


def write_data(root):
    rng = np.random.default_rng(0)
    for split, number in (('train', 4), ('val', 2)):
        for index in range(number):
            for kind, suffix, high, shape in (
                ('images', 'jpg', 256, (80, 100, 3)),
                ('labels', 'png', 3, (80, 100)),
            ):
                path = root / split / kind / f'{index}.{suffix}'
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(rng.integers(0, high, shape, np.uint8)).save(path)


def test_example_is_short_and_changes_the_data_alone(documented, tmp_path):
    assert len(documented.splitlines()) < 20
    (tmp_path / 'my_roads.py').write_text(documented)
    cfg = Config.fromfile(tmp_path / 'my_roads.py')
    check_config_keys(cfg)
    assert cfg.model.decode_head.num_classes == cfg.model.auxiliary_head.num_classes == 3
    assert cfg.train_dataloader.dataset.data_root == 'my_roads'
    assert cfg.train_dataloader.dataset.data_prefix.img_path == 'train/images'
    assert cfg.train_dataloader.dataset.pipeline[3].type == 'RandomResize'
    assert cfg.optim_wrapper.constructor == 'mmaddp.LayerDecayConstructor'


def test_it_trains_from_an_installed_package(documented, built, tmp_path):
    """The same lines on the quickstart's small network, by the packed tools."""
    write_data(tmp_path / 'my_roads')
    small = re.sub(r"'mmaddp::.*?'", repr(SMALL), documented)
    # What the scenes of digits have of their own.
    own = "img_suffix='.jpg', reduce_zero_label=False, metainfo=dict(_delete_=True, "
    small = small.replace('metainfo=dict(', own)
    small = small.replace('len(classes))', 'len(classes), loss_decode=dict(class_weight=None))')
    (tmp_path / 'my_roads.py').write_text(small)
    package = built / 'lib'
    options = ['model.backbone.init_cfg=None', 'train_cfg.max_iters=1', 'train_cfg.val_interval=1']
    options += ['train_dataloader.batch_size=2', 'val_dataloader.batch_size=2']
    tool = package / 'mmaddp' / '.mim' / 'tools' / 'train.py'
    done = subprocess.run(
        [sys.executable, tool, 'my_roads.py', '--cfg-options', *options],
        cwd=tmp_path,
        env=dict(os.environ, PYTHONPATH=str(package), OMP_NUM_THREADS='1'),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    assert (
        'mIoU' in done.stdout and 'road' in done.stdout and str(ROOT / 'mmaddp') not in done.stdout
    )
