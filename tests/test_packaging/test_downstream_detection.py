"""A COCO-format set of somebody else, outside the repository, with the package as installed."""

import re
from pathlib import Path

import pytest
from mmengine.config import Config
from toy_detector import CLASSES, QUICKSTART, coco_content, write_coco

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / 'docs' / 'detection.md'


@pytest.fixture
def documented():
    """The example of the user page: a configuration of a data set with three classes."""
    (example,) = re.findall(r'```python\n# my_animals\.py\n(.*?)```', PAGE.read_text(), re.DOTALL)
    return example


def test_example_is_short_and_changes_data_and_classes_alone(documented, tmp_path):
    assert len(documented.splitlines()) < 20
    (tmp_path / 'my_animals.py').write_text(documented)
    cfg = Config.fromfile(tmp_path / 'my_animals.py')
    heads = cfg.model.roi_head
    assert heads.bbox_head.num_classes == heads.mask_head.num_classes == len(CLASSES)
    assert heads.bbox_head.type == 'Shared4Conv1FCBBoxHead'
    for loader in (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader):
        assert loader.dataset.data_root == 'my_animals'
        assert loader.dataset.metainfo.classes == CLASSES
        assert loader.dataset.pipeline[-1].type == 'PackDetInputs'
    assert cfg.test_evaluator.ann_file == cfg.val_evaluator.ann_file == 'my_animals/val.json'


def test_it_trains_from_an_installed_wheel(documented, train_elsewhere, tmp_path):
    """The same lines on the quickstart's small network."""
    for split in ('train', 'val'):
        folder = tmp_path / 'my_animals' / split
        write_coco(folder, coco_content())
        (folder / 'objects.json').rename(tmp_path / 'my_animals' / f'{split}.json')
    small = re.sub(r"'mmaddp::.*?'", f"'mmaddp::quickstart/{QUICKSTART.name}'", documented)
    (tmp_path / 'my_animals.py').write_text(small)
    said = train_elsewhere(
        'my_animals.py',
        model__backbone__init_cfg=None,
        train_cfg__max_iters=2,
        train_cfg__val_interval=2,
        train_dataloader__batch_size=2,
    )
    assert 'coco/bbox_mAP' in said
    assert (tmp_path / 'work_dirs' / 'my_animals' / 'iter_2.pth').is_file()
