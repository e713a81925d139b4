"""Every configuration: no key without effect, and a name that tells the truth."""

import re
from functools import cache
from pathlib import Path

import pytest
from mmengine.config import Config

import mmaddp  # noqa: F401, mends the package table
from mmaddp.run.config_keys import check_config_keys

ROOT = Path(__file__).parents[2] / 'configs'
FILES = sorted(
    path
    for path in ROOT.rglob('*.py')
    if '_base_' not in path.parts and not path.name.startswith('parts_')
)
GENERATION = [path for path in FILES if path.parent.name == 'generation']
TRAINED = [path for path in FILES if path not in GENERATION]

read = cache(Config.fromfile)  # nothing below changes one


def test_there_are_configs():
    assert len(FILES) >= 8


@pytest.mark.parametrize('path', FILES, ids=lambda path: path.stem)
def test_no_key_without_effect(path):
    check_config_keys(read(path))


@pytest.mark.parametrize('path', GENERATION, ids=lambda path: path.stem)
def test_name_says_how_images_are_generated(path):
    cfg = read(path)
    fields = re.search(r'_vit-(\w+)-p16_8xb(\d+)-(\w+)-(\d+)steps_', path.name)
    assert fields, f'{path.name} does not name size, block, schedule and steps'
    size, block, schedule, steps = fields.groups()
    sampler = cfg.model.sampler
    assert cfg.model.backbone.arch == size
    assert cfg.test_dataloader.batch_size == int(block)
    assert (sampler.schedule, sampler.num_steps) == (schedule, int(steps))
    assert cfg.test_dataloader.dataset.num_images == 50000
    assert cfg.test_cfg.type == 'mmaddp.GenerationLoop'
    assert 'train_dataloader' not in cfg


@pytest.mark.parametrize('path', TRAINED, ids=lambda path: path.stem)
def test_name_says_what_is_inside(path):
    cfg = read(path)
    if cfg.get('train_dataloader') is None:
        assert not re.search(r'_\d+xb|-\d+[ei]_', path.name), f'{path.name} trains nothing'
        return
    fields = re.search(
        r'_\d+xb(?P<batch>\d+)(?:-linear|-attentive)?(?P<amp>-amp)?.*?-(?P<length>\d+)(?P<unit>[eik])_',
        path.name,
    )
    assert fields, f'{path.name} does not name batch and length of the training'
    assert int(fields['batch']) == cfg.train_dataloader.batch_size
    unit = 'max_epochs' if fields['unit'] == 'e' else 'max_iters'
    factor = 1000 if fields['unit'] == 'k' else 1
    assert int(fields['length']) * factor == cfg.train_cfg[unit]
    assert bool(fields['amp']) == ('AmpOptimWrapper' in str(cfg.optim_wrapper))


@pytest.mark.parametrize('path', FILES, ids=lambda path: path.stem)
def test_sizes_of_the_token_grid_stand_once(path):
    text = str(read(path).model)
    assert text.count("'num_codes'") <= 1
    assert text.count("'num_tokens'") + text.count("'grid_size'") <= 1


DETECTORS = dict(MaskRCNN='mask-rcnn', FasterRCNN='faster-rcnn', CascadeRCNN='cascade-mask-rcnn')


@pytest.mark.parametrize('path', FILES, ids=lambda path: path.stem)
def test_name_says_what_was_pretrained(path):
    """Classifiers name the pre-training and its length, detectors and segmentors the encoder."""
    model = read(path).model
    backbone = model.get('backbone', {})
    if path.parent.name == 'classification':
        (pretraining,) = (ROOT / 'addp').glob(f'addp_vit-{backbone.arch}-p16_*-256px.py')
        length = read(pretraining).train_cfg.max_epochs
        assert path.name.split('_')[1] == f'addp-{length}e-pre'
    elif path.name.startswith('classifier-'):
        start = re.search('epoch_([0-9]+)', str(backbone.get('init_cfg')))
        assert path.name.split('_')[1] == (f'addp-{start[1]}e-pre' if start else 'scratch')
    elif path.parent.name == 'detection':
        encoder = f'addp-vit-{backbone.arch}-p16' + '-frozen' * ('frozen_stages' in backbone)
        assert path.name.split('_')[:2] == [DETECTORS[model.type], encoder]
    elif path.parent.name == 'segmentation':
        encoder = f'addp-vit-{backbone.arch}-p16' + '-frozen' * ('frozen_stages' in backbone)
        assert path.name.split('_')[:2] == [encoder, 'upernet']


@pytest.mark.parametrize('path', FILES, ids=lambda path: path.stem)
def test_header_says_what_it_is_for(path):
    first = path.read_text().splitlines()[0]
    assert first.startswith('# ') and len(first) > 20


DATA_ROOTS = {
    'work_dirs/own/data/train',
    'work_dirs/own/data/val',
    'work_dirs/own/tokens',
    'data/imagenet/',
    'data/imagenet_tokens/',
    'data/coco/',
    'data/ade/ADEChallengeData2016',
    'work_dirs/quickstart/data/digits/classification/',
    'work_dirs/quickstart/data/digits/detection/',
    'work_dirs/quickstart/data/digits/segmentation/',
    'work_dirs/quickstart/seed0/judge/data/',
    'work_dirs/quickstart/seed0/tokens/cache',
    'work_dirs/study/base/data/train',
    'work_dirs/study/base/data/val',
    'work_dirs/study/base/tokens/cache',
    'work_dirs/toy/digits/classification/',
    'work_dirs/toy/digits/detection/',
    'work_dirs/toy/digits/segmentation/',
}


@pytest.mark.parametrize('path', FILES, ids=lambda path: path.stem)
def test_data_are_looked_for_in_one_place(path):
    """Those of full size below ``data/``, the others in ``work_dirs/``."""
    assert set(re.findall(r"'data_root': '([^']*)'", str(read(path)))) <= DATA_ROOTS


def test_at_most_three_levels_of_inheritance():
    @cache
    def depth(path):
        paths = [
            Config._get_cfg_path(base, str(path))[0] for base in Config._get_base_files(str(path))
        ]
        return 1 + max(map(depth, paths), default=-1)

    assert max(depth(path) for path in FILES) <= 3
