"""A segmentation set of somebody else, outside the repository, with the installed package."""

import re
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from PIL import Image

from mmaddp.run.config_keys import check_config_keys

pytestmark = pytest.mark.slow

pytest.importorskip('mmseg')
ROOT = Path(__file__).resolve().parents[2]
SMALL = 'mmaddp::quickstart/upernet-vit-w96-p8_1xb8-1800i_digit-scenes.py'


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
    assert cfg.train_dataloader.dataset.pipeline[4].type == 'RandomResize'
    assert cfg.optim_wrapper.constructor == 'mmaddp.LayerDecayConstructor'


def test_it_trains_from_an_installed_wheel(documented, train_elsewhere, tmp_path):
    """The same lines on the quickstart's small network."""
    write_data(tmp_path / 'my_roads')
    small = re.sub(r"'mmaddp::.*?'", repr(SMALL), documented)
    # What the scenes of digits have of their own.
    own = "img_suffix='.jpg', reduce_zero_label=False, metainfo=dict(_delete_=True, "
    small = small.replace('metainfo=dict(', own)
    small = small.replace('len(classes))', 'len(classes), loss_decode=dict(class_weight=None))')
    (tmp_path / 'my_roads.py').write_text(small)
    said = train_elsewhere(
        'my_roads.py',
        model__backbone__init_cfg=None,
        train_cfg__max_iters=1,
        train_cfg__val_interval=1,
        train_dataloader__batch_size=2,
        val_dataloader__batch_size=2,
    )
    assert 'mIoU' in said and 'road' in said
