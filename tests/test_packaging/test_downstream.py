"""A data set of somebody else, outside the repository, with the package as it is installed."""

import re
from pathlib import Path

import pytest
from mmengine.config import Config
from toy_classification import CONFIG, write_images

from mmaddp.run.config_keys import variables_used

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / 'docs' / 'classification.md'


@pytest.fixture
def documented():
    """The example of the user page: a configuration of a data set with three classes."""
    (example,) = re.findall(r'```python\n# my_pets\.py\n(.*?)```', PAGE.read_text(), re.DOTALL)
    return example


def test_example_is_short_and_changes_the_data_alone(documented, tmp_path):
    assert len(documented.splitlines()) < 18
    (tmp_path / 'my_pets.py').write_text(documented)
    cfg = Config.fromfile(tmp_path / 'my_pets.py')
    assert cfg.auto_scale_lr.base_batch_size == 1024 and cfg.auto_scale_lr.enable
    assert cfg.model.head.num_classes == cfg.data_preprocessor.num_classes == 3
    assert cfg.train_dataloader.dataset.dataset.data_root == 'my_pets'
    assert cfg.optim_wrapper.constructor == 'mmaddp.LayerDecayConstructor'
    assert 'num_classes' in variables_used(str(tmp_path / 'my_pets.py'))


def test_it_trains_from_an_installed_wheel(documented, train_elsewhere, tmp_path):
    """The same lines on the quickstart's small network."""
    write_images(tmp_path / 'my_pets', counts=(34, 33, 33))
    small = re.sub(r"'mmaddp::.*?'", f"'mmaddp::quickstart/{CONFIG.name}'", documented)
    (tmp_path / 'my_pets.py').write_text(small)
    said = train_elsewhere(
        'my_pets.py',
        model__backbone__init_cfg=None,
        train_cfg__max_epochs=6,
        train_cfg__val_interval=6,
    )
    assert 'accuracy/top1' in said
    assert (tmp_path / 'work_dirs' / 'my_pets' / 'epoch_6.pth').is_file()
