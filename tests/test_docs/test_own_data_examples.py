"""The examples of the pages on own data work as they stand with a hundred pictures."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner
from PIL import Image
from toy_classification import CLASSES, write_images
from toy_configs import toy_config

from mmaddp.run.config import read_config, use_supported_precision
from mmaddp.run.stand_ins import use_stand_ins

ROOT = Path(__file__).resolve().parents[2]
# Page -> where its example looks for data.
PAGES = {
    'docs/pretraining.md': 'my_images',
    'docs/classification.md': 'my_pets',
    'docs/detection.md': 'my_animals',
    'docs/segmentation.md': 'my_roads',
}
MASKS = 'mmaddp::detection/mask-rcnn_addp-vit-base-p16_64xb1-amp-22125i_coco-1024px.py'
BOXES = MASKS.replace('mask-rcnn', 'faster-rcnn')
SIZE = (48, 64)


class Stop(Exception):
    """Ends a training."""


class StopHook(Hook):
    """End a training after two steps; its length stays as it is."""

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if runner.iter == 1:
            raise Stop


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """No time for the beauty of logged settings."""
    monkeypatch.setattr(Config, 'pretty_text', property(str))


@pytest.fixture
def example(tmp_path, monkeypatch):
    """The configuration of a page, changed as the page says, read where its data are."""
    monkeypatch.chdir(tmp_path)

    def read(page, **changes):
        text = (ROOT / page).read_text(encoding='utf-8')
        blocks = re.findall(r'```python\n(.*?)```', text, re.DOTALL)
        (code,) = [code for code in blocks if f"data_root='{PAGES[page]}'" in code]
        for old, new in changes.values():
            assert old in code
            code = code.replace(old, new)
        Path('own.py').write_text(code)
        cfg = read_config('own.py', work_dir=tmp_path / 'work')
        use_supported_precision(cfg)
        return cfg

    return read


def shrunk(cfg):
    """The configuration at toy width; batches and lengths stay as they are."""
    batches = {name: cfg[name].batch_size for name in cfg if is_loader(cfg, name)}
    cfg = toy_config(cfg)
    for name, size in batches.items():
        cfg[name].batch_size = size
    return cfg


def is_loader(cfg, name):
    return name.endswith('_dataloader') and cfg[name] is not None


def started(cfg, tmp_path):
    """Train two steps and validate, both at toy width; return the figures of the validation."""
    cfg, replaced = use_stand_ins(shrunk(cfg), tmp_path / 'none', num_steps=1)
    assert all(line.startswith('weights ') for line in replaced), 'the data are there'
    cfg.update(log_level='WARNING', experiment_name=f'own_{tmp_path.name}')
    runner = Runner.from_cfg(cfg)
    runner.register_hook(StopHook())
    with pytest.raises(Stop):
        runner.train()
    assert runner.max_iters > 2
    return runner, (runner.val() if cfg.get('val_cfg') is not None else {})


def noise(rng, *shape):
    return Image.fromarray(rng.integers(0, 256, shape, dtype=np.uint8))


def write_animals(root, with_masks):
    """80 + 20 pictures with a box each, and perhaps its outline."""
    rng = np.random.default_rng(0)
    height, width = SIZE
    categories = [dict(id=number, name=name) for number, name in enumerate(CLASSES, 1)]
    for split, count in dict(train=80, val=20).items():
        (root / split).mkdir(parents=True)
        images, annotations = [], []
        for number in range(count):
            file = f'{number}.png'
            noise(rng, height, width, 3).save(root / split / file)
            images.append(dict(id=number, file_name=file, height=height, width=width))
            box = dict(bbox=[8, 8, 24, 20], area=480, iscrowd=0, category_id=number % 3 + 1)
            outline = dict(segmentation=[[8, 8, 32, 8, 32, 28, 8, 28]]) if with_masks else {}
            annotations.append(dict(id=number, image_id=number, **box, **outline))
        content = dict(images=images, annotations=annotations, categories=categories)
        (root / f'{split}.json').write_text(json.dumps(content))


def write_roads(root):
    """80 + 20 pictures with their label maps."""
    rng = np.random.default_rng(0)
    for split, count in dict(train=80, val=20).items():
        for folder in ('images', 'labels'):
            (root / split / folder).mkdir(parents=True)
        for number in range(count):
            noise(rng, *SIZE, 3).save(root / split / 'images' / f'{number}.jpg')
            labels = rng.integers(0, 3, SIZE, dtype=np.uint8)
            Image.fromarray(labels).save(root / split / 'labels' / f'{number}.png')


@pytest.mark.parametrize('page', PAGES)
def test_batch_and_rate_are_those_of_one_gpu(page, example):
    cfg = example(page)
    assert cfg.train_dataloader.batch_size <= 32
    assert cfg.auto_scale_lr.enable and cfg.auto_scale_lr.base_batch_size >= 16


def test_pre_training_on_images(example, tmp_path):
    write_images(tmp_path / 'made', counts=(34, 33, 33))
    (tmp_path / 'made' / 'train').rename(tmp_path / 'my_images')
    runner, _ = started(example('docs/pretraining.md'), tmp_path)
    assert len(runner.train_dataloader) == 3


LISTED = "ann_file='train.txt', classes=['cat', 'dog', 'owl']"


@pytest.mark.parametrize('changes', [{}, dict(lists=("data_prefix='train'", LISTED))])
def test_classification_of_folders_or_of_a_list(changes, example, tmp_path):
    root = write_images(tmp_path / 'my_pets', counts=(34, 33, 33))
    files = sorted(root.glob('train/*/*.png'))
    lines = [f'{file.relative_to(root)} {CLASSES.index(file.parent.name)}\n' for file in files]
    (root / 'train.txt').write_text(''.join(lines))
    runner, figures = started(example('docs/classification.md', **changes), tmp_path)
    assert len(runner.train_dataloader) == 6 and runner.max_epochs == 100
    assert 0 <= figures['accuracy/top1'] <= 100
    rates = [group['initial_lr'] for group in runner.optim_wrapper.optimizer.param_groups]
    assert max(rates) == pytest.approx(4e-3 * 16 / 1024)


@pytest.mark.parametrize('with_masks', [True, False], ids=['masks', 'boxes'])
def test_detection_of_objects(with_masks, example, tmp_path):
    write_animals(tmp_path / 'my_animals', with_masks)
    heads = 'bbox_head=head'
    changes = dict(base=(MASKS, BOXES), heads=(f'{heads}, mask_head=head', heads))
    page = (ROOT / 'docs' / 'detection.md').read_text(encoding='utf-8')
    assert Path(BOXES).name in page and f'`model = dict(roi_head=dict({heads}))`' in page
    _, figures = started(example('docs/detection.md', **{} if with_masks else changes), tmp_path)
    assert figures.keys() >= {'coco/bbox_mAP', *['coco/segm_mAP'] * with_masks}


def test_segmentation_of_label_maps(example, tmp_path):
    write_roads(tmp_path / 'my_roads')
    _, figures = started(example('docs/segmentation.md'), tmp_path)
    assert 0 <= figures['mIoU'] <= 100
