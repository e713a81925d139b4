"""Full-size configurations of the token predictor."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from mmaddp.registry import MODELS

FOLDER = Path(__file__).parents[2] / 'configs' / 'token_predictor'
NAME = 'mage_vit-{}-p16_8xb512-amp-coslr-1600e_in1k-256px.py'
# width, encoder blocks and heads, decoder blocks and heads
SIZES = dict(base=(768, 12, 12, 8, 16), large=(1024, 24, 16, 8, 16))


def load(size):
    return Config.fromfile(FOLDER / NAME.format(size))


@pytest.mark.parametrize('size', SIZES)
def test_widths(size):
    with torch.device('meta'):
        predictor = MODELS.build(load(size).model.token_predictor)
    width, depth, heads, decoder_depth, decoder_heads = SIZES[size]
    assert predictor.decoder_pos_embed.shape == (1, 257, width)
    assert predictor.token_embed.word.weight.shape == (2025, width)
    assert (len(predictor.layers), len(predictor.decoder_layers)) == (depth, decoder_depth)
    assert predictor.layers[0].attn.num_heads == heads
    assert predictor.decoder_layers[0].attn.num_heads == decoder_heads
    assert predictor.token_embed.drop.p == 0.1


@pytest.mark.parametrize('size', SIZES)
def test_recipe(size):
    cfg = load(size)
    optimizer = cfg.optim_wrapper.optimizer
    assert cfg.train_dataloader.batch_size * 8 == 4096
    assert optimizer.lr == pytest.approx(1.5e-4 * 4096 / 256)
    assert tuple(optimizer.betas) == (0.9, 0.95)
    assert optimizer.weight_decay == 0.05
    assert cfg.optim_wrapper.type == 'AmpOptimWrapper'
    assert cfg.optim_wrapper.clip_grad.max_norm == 3.0
    assert cfg.optim_wrapper.loss_scale == dict(init_scale=65536.0, growth_interval=2000)
    (kept,) = (hook for hook in cfg.custom_hooks if hook.type == 'mmaddp.CheckpointHook')
    assert (kept.interval, kept.save_last) == (40, False)
    assert cfg.param_scheduler.warmup == 40
    assert cfg.train_cfg.max_epochs == 1600
    assert cfg.model.label_smoothing == 0.1
    crop = cfg.train_dataloader.dataset.dataset.pipeline[1]
    assert (crop.type, crop.interpolation) == ('RandomResizedCrop', 'bilinear')


def test_tokenizer_and_predictor_agree():
    model = load('base').model
    model.tokenizer.pop('init_cfg')
    with torch.device('meta'):
        mage = MODELS.build(model)
    assert mage.tokenizer.num_codes == mage.token_predictor.num_codes == 1024
    assert (256 // mage.tokenizer.stride) ** 2 == mage.token_predictor.num_tokens
