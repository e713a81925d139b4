import re
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import CheckpointLoader

import mmaddp.engine  # noqa: F401, registers the loader
from mmaddp.run.inputs import absent_weights
from mmaddp.weights.known_weights import KNOWN_WEIGHTS, find_known, known, local_file

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    'place', ['checkpoints', 'exp/pretrained_model', 'exp/release/base', 'exp/release']
)
def test_found_in_our_folder_and_in_the_official_layout(place):
    folder = Path(place)
    folder.mkdir(parents=True)
    weights = {'tokenizer_norm.weight': torch.ones(2)}
    torch.save(dict(model=weights), folder / 'addp-vit-base-16.pth')
    assert local_file('mmaddp://addp-vit-base') == folder / 'addp-vit-base-16.pth'
    loaded = CheckpointLoader.load_checkpoint('mmaddp://addp-vit-base', 'cpu')
    assert list(loaded['state_dict']) == ['backbone.pre_norm.weight']
    cfg = Config(dict(load_from='mmaddp://addp-vit-base'))
    assert absent_weights(cfg, downloads=True) == []


def test_absent_weights_are_said_with_the_way_out():
    with pytest.raises(FileNotFoundError, match=r'mmaddp download vqgan, or open https://dri'):
        CheckpointLoader.load_checkpoint('mmaddp://vqgan', 'cpu')
    cfg = Config(dict(load_from='mmaddp://vqgan'))
    assert absent_weights(cfg) == [('load_from', 'mmaddp://vqgan')]


def test_unknown_name():
    with pytest.raises(ValueError, match=r"no known weights 'vqgna'; use vqgan, mage-vit-base"):
        find_known('vqgna')


def test_configs_name_what_is_known():
    texts = [path.read_text() for path in (ROOT / 'configs').rglob('*.py')]
    named = {name for text in texts for name in re.findall(r"'mmaddp://([\w-]+)'", text)}
    assert named == set(KNOWN_WEIGHTS) - {'inception'}  # no model starts from it


def test_files_are_where_the_official_code_looks_for_them():
    assert {w.file for w in KNOWN_WEIGHTS.values()} >= {
        *('vqgan_jax_strongaug.ckpt', 'mage-vitb-1600.pth', 'mage-vitl-1600.pth'),
        *('addp-vit-base-16.pth', 'addp-vit-large-16.pth'),
    }
    for name in KNOWN_WEIGHTS:
        weights = known(name)
        assert re.match(r'https://[\w.]+/', weights.url) and weights.licence
