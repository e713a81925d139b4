"""Cached tokens or tar files in place of images: one line of ``_base_`` differs."""

from pathlib import Path

import pytest
from mmengine.config import Config

from mmaddp.datasets.augmentation_text import augmentation_text
from mmaddp.run.stand_ins import use_stand_ins

ROOT = Path(__file__).parents[2] / 'configs'
ADDP = 'addp/addp_vit-base-p16_8xb512-amp-coslr-1600e_in1k-256px'
MAGE = 'token_predictor/mage_vit-base-p16_8xb512-amp-coslr-1600e_in1k-256px'
TOKENIZER = 'tokenizer/vqgan-f16_8xb32-amp-coslr-100e_in1k-256px'


def load(name):
    return Config.fromfile(ROOT / f'{name}.py')


def split(cfg):
    """The training data of a config, and everything that the Runner reads besides."""
    rest = {key: value for key, value in cfg.items() if key != 'train_pipeline'}
    loader = dict(rest.pop('train_dataloader'))
    loader.pop('num_workers')
    return loader.pop('dataset').dataset, loader, rest


@pytest.mark.parametrize('name', [ADDP, MAGE])
def test_nothing_but_the_data_differs(name):
    images, image_loader, image_rest = split(load(name))
    tokens, token_loader, token_rest = split(load(f'{name}-tokens'))
    assert (image_loader, image_rest) == (token_loader, token_rest)
    assert tokens.type == 'mmaddp.TokenDataset' and images.type == 'ImageNet'
    tokenizer = image_rest['model'].get('target_generator', image_rest['model']).tokenizer
    assert tokens.num_codes == tokenizer.num_codes
    # The cache is made with the tokenizer's config.
    made_with = load(TOKENIZER).train_dataloader.dataset.dataset.pipeline
    assert augmentation_text(tokens.pipeline) == augmentation_text(made_with)


@pytest.mark.parametrize('name', [ADDP, TOKENIZER])
def test_tar_files_for_any_training(name, tmp_path):
    text = (ROOT / f'{name}.py').read_text()
    swapped = text.replace('datasets/imagenet_256px.py', 'datasets/imagenet_256px_tar.py')
    assert swapped != text
    file = tmp_path / 'config.py'
    file.write_text(swapped.replace("'../_base_", f"'{ROOT}/_base_"))
    cfg = Config.fromfile(file)
    images, image_loader, image_rest = split(load(name))
    tars, tar_loader, tar_rest = split(cfg)
    assert (image_loader, image_rest) == (tar_loader, tar_rest)
    assert tars.type == 'mmaddp.TarDataset' and tars.pipeline == images.pipeline
    cfg.train_dataloader.batch_size = 4
    cfg.val_dataloader = cfg.test_dataloader = None
    cfg.train_dataloader.dataset.dataset.data_root = str(tmp_path / 'absent')
    trial, replaced = use_stand_ins(cfg, tmp_path / 'data', num_steps=1)
    assert any(str(tmp_path / 'absent' / '*.tar') in line for line in replaced)
    stand_in = trial.train_dataloader.dataset.dataset.dataset
    assert stand_in.with_label is False and stand_in.pipeline == images.pipeline
