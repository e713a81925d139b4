"""The list of released weights and configs: what it says, its filters, the command."""

import json
from pathlib import Path

import pytest
from test_tools.conftest import ROOT

import mmaddp
from mmaddp import cli
from mmaddp.run.model_zoo import size_of
from mmaddp.weights.known_weights import KNOWN_WEIGHTS

KEYS = ('name', 'kind', 'task', 'size', 'config', 'file', 'needs', 'here', 'published', 'measured')
BASE = 'vit-base-p16_addp-1600e-pre_8xb128-amp-coslr-100e_in1k-256px'


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def names(**filters):
    return [model['name'] for model in mmaddp.list_models(**filters)]


def test_everything_is_listed_once_with_the_same_keys():
    models = mmaddp.list_models()
    for model in models:
        assert tuple(model) == (*KEYS, 'url', 'licence')
        assert model['task'] and (model['size'] or model['kind'] == 'weights')
    assert len({model['name'] for model in models}) == len(models)
    runnable = [
        path
        for path in (ROOT / 'configs').glob('*/*_*.py')
        if path.parent.name != '_base_' and not path.name.startswith('parts_')
    ]
    assert {*names(kind='weights')} == {*KNOWN_WEIGHTS}
    assert {*names(kind='config')} == {path.stem for path in runnable}


def test_figures():
    models = {model['name']: model for model in mmaddp.list_models()}
    tuned = models[BASE]
    assert tuned['published'] == {'Top 1 Accuracy': 83.9} and tuned['measured'] is None
    assert tuned['config'] == f'mmaddp::classification/{BASE}.py' and tuned['file'].is_file()
    assert models['addp-vit-base']['published']['FID'] == 8.9
    quick = models['vqgan-f8_1xb32-7e_digits-32px']
    assert quick['measured']['PSNR'] > 20 and quick['published'] == {}
    own = models['addp-vit-tiny_1xb64-200e_picture-tokens']
    assert own['measured'] == {} and own['here'], 'it needs no released weights'


def test_filters():
    assert names(task='detection', size='large') == [
        'mask-rcnn_addp-vit-large-p16_64xb1-amp-184375i_coco-1024px'
    ]
    assert names(pattern='*_knn_*', size='ViT-B') == ['vit-base-p16_addp-1600e-pre_knn_in1k-256px']
    assert {'mage-vit-base', BASE} <= set(names(size='base'))
    assert names(pattern='nothing') == []


def test_what_is_here():
    assert not set(names(here=True)) & {BASE, 'addp-vit-base'}
    Path('checkpoints').mkdir()
    file = Path('checkpoints', KNOWN_WEIGHTS['addp-vit-base'].file)
    file.touch()
    assert {BASE, 'addp-vit-base'} <= set(names(here=True))
    (found,) = mmaddp.list_models('addp-vit-base', kind='weights')
    assert found['file'] == file


@pytest.mark.parametrize(
    'name, size',
    [
        ('vit-large-p16_addp-800e-pre_knn_in1k-256px', 'ViT-L/16'),
        ('mage-w96_1xb64-80e_digit-tokens', 'width 96'),
        ('vqgan-f8-w8-gan_1xb8-3e_digits-32px', 'VQGAN f8, width 8'),
        ('vqgan-tiny_1xb32-100e_pictures-64px', 'VQGAN, tiny'),
        ('addp-vit-tiny_1xb64-200e_picture-tokens', 'ViT-Ti'),
        ('something_in1k', ''),
    ],
)
def test_sizes(name, size):
    assert size_of(name) == size


def test_command(capsys):
    cli.main(['models', '--task', 'detection'])
    said = capsys.readouterr().out
    assert 'published: box AP 51.7; ours: not run; weights addp-vit-base: not here' in said
    assert 'mmaddp download NAME' in said and 'UPer' not in said
    cli.main(['models', 'addp-vit-base', '--json'])
    found = json.loads(capsys.readouterr().out)
    assert found[0]['name'] == 'addp-vit-base' and found[0]['file'] is None
    cli.main(['models', '--configs', '--size', 'tiny'])
    said = capsys.readouterr().out
    assert 'mmaddp::own/addp-vit-tiny' in said and 'released weights' not in said
    with pytest.raises(SystemExit, match=r'Nothing fits.*Tasks: .*segmentation'):
        cli.main(['models', '--task', 'segmentatoin'])
    with pytest.raises(SystemExit, match=r"did you mean 'detection'"):
        cli.main(['models', '--configs', 'detecion'])
