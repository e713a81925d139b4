"""The full-size pre-training configurations against the numbers of the official release."""

import json
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import PARAM_SCHEDULERS, init_default_scope
from safetensors.torch import load_file

import mmaddp.engine  # noqa: F401
from mmaddp.registry import MODELS, TASK_UTILS

REFERENCE = Path(__file__).parents[1] / 'data' / 'reference'
FOLDER = Path(__file__).parents[2] / 'configs' / 'addp'
BASE = FOLDER / 'addp_vit-base-p16_8xb512-amp-coslr-1600e_in1k-256px.py'
LARGE = FOLDER / 'addp_vit-large-p16_8xb512-amp-coslr-800e_in1k-256px.py'


def build(path):
    cfg = Config.fromfile(path)
    init_default_scope('mmpretrain')
    with torch.device('meta'):
        return MODELS.build(cfg.model), cfg


@pytest.fixture(scope='module')
def base():
    return build(BASE)


def test_vit_base(base):
    model, _ = base
    encoder, decoder = model.backbone, model.neck
    assert (encoder.embed_dims, encoder.num_layers) == (768, 12)
    assert (len(decoder.layers), decoder.layers[0].attn.num_heads) == (8, 16)
    assert decoder.token_embed.shape == (2025, 768)
    assert model.target_generator.tokenizer.stride == 16
    trainable = sum(p.numel() for p in model.parameters() if p.requires_grad)
    # 146.87 M in the official module, less decoder_pred and the two position tables that no output
    # depends on.
    unused = 768 * 768 + 768 + 2 * 257 * 768
    assert round((trainable + unused) / 1e6, 2) == 146.87


def test_vit_large():
    model, cfg = build(LARGE)
    encoder, decoder, predictor = model.backbone, model.neck, model.target_generator.token_predictor
    assert (encoder.embed_dims, encoder.num_layers) == (1024, 24)
    assert (len(decoder.layers), decoder.layers[0].attn.num_heads) == (8, 16)
    assert (len(predictor.layers), predictor.layers[0].attn.num_heads) == (24, 16)
    assert (len(predictor.decoder_layers), predictor.decoder_pos_embed.shape[-1]) == (8, 1024)
    assert cfg.train_cfg.max_epochs == 800


def test_dropout(base):
    model, _ = base
    for part in (model.backbone, model.neck):
        for layer in part.layers:
            assert layer.attn.attn_drop == 0.1 and layer.attn.proj_drop.p == 0.1
            rates = [m.p for m in layer.ffn.modules() if isinstance(m, torch.nn.Dropout)]
            assert rates == [0.1, 0.1]
    assert model.backbone.drop_after_pos.p == 0.1


def test_weight_decay_spares_one_dimensional_tensors_and_biases_only(base):
    model, cfg = base
    settings = cfg.optim_wrapper | dict(type='OptimWrapper')
    for key in ('dtype', 'loss_scale'):
        settings.pop(key)
    optimizer = build_optim_wrapper(model, settings).optimizer
    decayed = {p for g in optimizer.param_groups if g['weight_decay'] for p in g['params']}
    assert {g['weight_decay'] for g in optimizer.param_groups} == {0.0, 0.05}
    wrong = [
        name
        for name, p in model.named_parameters()
        if p.requires_grad and (p in decayed) == (p.dim() == 1 or name.endswith('bias'))
    ]
    assert not wrong
    assert model.neck.token_embed in decayed and model.backbone.pos_embed in decayed


def test_optimiser(base):
    settings = base[1].optim_wrapper
    assert settings.type == 'AmpOptimWrapper' and settings.dtype == 'float16'
    assert settings.loss_scale == dict(init_scale=65536.0, growth_interval=500)
    assert settings.optimizer.type == 'AdamW'
    assert settings.optimizer.lr == pytest.approx(1.6e-3)
    assert tuple(settings.optimizer.betas) == (0.9, 0.95)
    assert settings.optimizer.weight_decay == 0.05
    assert settings.clip_grad == dict(max_norm=3.0)


def test_schedule(base):
    schedule = base[1].param_scheduler
    assert (schedule.type, schedule.warmup, schedule.eta_min_ratio) == (
        'mmaddp.WarmupCosineLR',
        40,
        0.0,
    )
    assert base[1].train_cfg == dict(by_epoch=True, max_epochs=1600)


def test_numerics(base):
    """main_pretrain.py: TensorFloat-32 off, cuDNN's choice of kernels on."""
    cfg = base[1]
    assert cfg.default_hooks.tf32 == dict(type='mmaddp.TF32Hook', allowed=False)
    assert cfg.env_cfg.cudnn_benchmark is True
    (kept,) = (hook for hook in cfg.custom_hooks if hook.type == 'mmaddp.CheckpointHook')
    assert kept.interval == 50


def test_augmentation(base):
    pipeline = base[1].train_dataloader.dataset.dataset.pipeline
    crop = next(t for t in pipeline if t.type == 'RandomResizedCrop')
    assert (crop.scale, crop.interpolation, crop.backend) == (256, 'bicubic', 'pillow')
    assert tuple(crop.crop_ratio_range) == (0.2, 1.0)
    assert [t.prob for t in pipeline if t.type == 'RandomFlip'] == [0.5]


@pytest.mark.parametrize('path, epochs', [(BASE, 1600), (LARGE, 800)])
def test_learning_rate_at_given_epochs(path, epochs):
    """Recorded for ViT-B; ViT-L's is the same curve in half the epochs, behind the warm-up."""
    cfg = Config.fromfile(path)
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    # The Runner puts the end of training into the schedule.
    settings = dict(cfg.param_scheduler, end=cfg.train_cfg.max_epochs)
    arguments = dict(optimizer=optimizer, epoch_length=312)
    scheduler = PARAM_SCHEDULERS.build(settings, default_args=arguments)
    reference = json.loads((REFERENCE / 'reference.json').read_text())['lr_schedule']['pretrain']
    for epoch, rate in reference.items():
        epoch = float(epoch)
        if epoch > 40:
            epoch = 40 + (epoch - 40) * (epochs - 40) / 1560
        assert scheduler.factor(epoch * 312) == pytest.approx(rate, abs=1e-9), epoch


@pytest.mark.parametrize('path', [BASE, LARGE])
def test_mask_ratios(path):
    init_default_scope('mmpretrain')
    settings = Config.fromfile(path).model.target_generator.mask_sampler
    sampler = TASK_UTILS.build(dict(settings, num_tokens=256))
    recorded = load_file(REFERENCE / 'reference.safetensors')
    for name in ('ratios', 'probs'):
        expected = recorded[f'mask_schedule.{name}']
        assert torch.allclose(getattr(sampler, name).to(expected), expected, atol=1e-6), name


def test_masks_per_sample_are_all_that_differs():
    (path,) = FOLDER.glob('*-persample-masks_*')
    base, other = Config.fromfile(BASE).to_dict(), Config.fromfile(path).to_dict()
    assert other['model']['target_generator']['mask_sampler'].pop('per_sample') is True
    assert base == other
    assert base['train_dataloader']['dataset']['type'] == 'mmaddp.SeededDataset'


def test_vit_large_trains_as_vit_base():
    base, large = (Config.fromfile(path) for path in (BASE, LARGE))
    for key in ('optim_wrapper', 'train_dataloader', 'param_scheduler', 'randomness'):
        assert base[key] == large[key], key
    assert large.model.target_generator.predictor_train_mode is True
