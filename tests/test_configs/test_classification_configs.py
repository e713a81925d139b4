"""The full-size classification configurations against the numbers of the official release."""

from copy import deepcopy
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import PARAM_SCHEDULERS, init_default_scope

import mmaddp.datasets
import mmaddp.engine  # noqa: F401
from mmaddp.registry import MODELS
from mmaddp.run.inputs import pretrained_settings

FOLDER = Path(__file__).parents[2] / 'configs' / 'classification'
# Size -> width, blocks, epochs, lr, layer decay, warm-up, drop path.
RECIPES = dict(
    base=(768, 12, 100, 4.0e-3, 0.65, 20, 0.1), large=(1024, 24, 50, 1.0e-3, 0.8, 5, 0.2)
)


def config(pattern):
    (path,) = FOLDER.glob(pattern)
    return Config.fromfile(path)


def build(cfg):
    init_default_scope('mmpretrain')
    with torch.device('meta'):
        return MODELS.build(cfg.model)


def optimizer(cfg, model):
    settings = deepcopy(cfg.optim_wrapper)
    for key in ('dtype', 'loss_scale'):
        settings.pop(key)
    return build_optim_wrapper(model, settings | dict(type='OptimWrapper')).optimizer


@pytest.fixture(scope='module', params=RECIPES)
def finetuning(request):
    cfg = config(f'vit-{request.param}-p16_*_8xb128-*')
    return RECIPES[request.param], cfg, build(cfg)


def layer_of(name, depth):
    if name.startswith('backbone.layers.'):
        return int(name.split('.')[2]) + 1
    first = (
        'backbone.patch_embed',
        'backbone.cls_token',
        'backbone.pos_embed',
        'backbone.pre_norm',
    )
    return 0 if name.startswith(first) else depth + 1


@pytest.mark.parametrize('prenorm', ['', '-prenorm'])
@pytest.mark.parametrize('size', RECIPES)
def test_every_parameter_has_the_official_rate_and_decay(size, prenorm):
    cfg = config(f'vit-{size}-p16{prenorm}_*_8xb128-*')
    model = build(cfg)
    _, depth, _, lr, decay, _, _ = RECIPES[size]
    groups = {id(p): group for group in optimizer(cfg, model).param_groups for p in group['params']}
    parameters = dict(model.named_parameters())
    assert len(groups) == len(parameters) == 12 * depth + 8 + 2 * bool(prenorm)
    assert ('backbone.pre_norm.weight' in parameters) == bool(prenorm)
    for name, parameter in parameters.items():
        group = groups[id(parameter)]
        scale = decay ** (depth + 1 - layer_of(name, depth))
        spared = parameter.dim() == 1 or name.endswith(('pos_embed', 'cls_token'))
        assert group['lr'] == pytest.approx(lr * scale, rel=1e-12), name
        assert group['weight_decay'] == (0.0 if spared else 0.05), name


def test_schedule(finetuning):
    """The closed formula of the official schedule at the recipe's rates."""
    (_, _, epochs, lr, _, warmup, _), cfg, _ = finetuning
    assert cfg.train_cfg.max_epochs == epochs
    sgd = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)
    scheduler = PARAM_SCHEDULERS.build(
        dict(cfg.param_scheduler), default_args=dict(optimizer=sgd, epoch_length=10, end=epochs)
    )
    for epoch in (0, 0.5 * warmup, warmup, 0.5 * epochs, epochs - 0.1):
        progress = torch.tensor((epoch - warmup) / (epochs - warmup), dtype=torch.float64)
        cosine = 1e-6 + (lr - 1e-6) * 0.5 * (1 + torch.cos(torch.pi * progress)).item()
        expected = lr * epoch / warmup if epoch < warmup else cosine
        assert lr * scheduler.factor(10 * epoch) == pytest.approx(expected, rel=1e-9)


def test_network_and_loss(finetuning):
    (width, depth, _, _, _, _, drop_path), cfg, model = finetuning
    encoder = model.backbone
    assert (encoder.embed_dims, encoder.num_layers, encoder.img_size) == (width, depth, (256, 256))
    assert encoder.out_type == 'avg_featmap' and not encoder.final_norm
    assert encoder.ln2.eps == 1e-6 and encoder.drop_after_pos.p == 0
    rates = [layer.ffn.dropout_layer.drop_prob for layer in encoder.layers[1:]]
    assert rates == pytest.approx([drop_path * i / (depth - 1) for i in range(1, depth)])
    assert model.head.fc.weight.shape == (1000, width)
    assert model.head.loss_module.label_smooth_val == 0.1
    assert cfg.model.head.init_cfg == dict(type='TruncNormal', layer='Linear', std=2e-5)
    mixes = [(mix.type, mix.alpha) for mix in cfg.model.train_cfg.augments]
    assert mixes == [('Mixup', 0.8), ('CutMix', 1.0)]


def test_optimiser(finetuning):
    settings = finetuning[1].optim_wrapper
    assert settings.optimizer.type == 'AdamW' and tuple(settings.optimizer.betas) == (0.9, 0.999)
    assert (settings.type, settings.dtype) == ('AmpOptimWrapper', 'float16')
    assert 'clip_grad' not in settings


def test_data(finetuning):
    cfg = finetuning[1]
    assert 8 * cfg.train_dataloader.batch_size == 1024 and cfg.train_dataloader.drop_last
    steps = {step.type: step for step in cfg.train_dataloader.dataset.dataset.pipeline}
    crop, erase = steps['RandomResizedCrop'], steps['RandomErasing']
    assert (crop.scale, crop.interpolation, crop.backend) == (256, 'bicubic', 'pillow')
    assert 'crop_ratio_range' not in crop  # the default, 0.08 to 1
    assert steps['RandomFlip'].prob == 0.5
    assert (erase.erase_prob, erase.mode, erase.min_area_ratio) == (0.25, 'rand', 0.02)
    resize, crop = cfg.test_dataloader.dataset.dataset.pipeline[1:3]
    assert (resize.scale, resize.edge, resize.interpolation) == (256, 'short', 'bicubic')
    assert crop.crop_size == 256
    normalise = cfg.data_preprocessor
    assert normalise.mean == [123.675, 116.28, 103.53] and not normalise.to_rgb


@pytest.mark.parametrize('size', RECIPES)
@pytest.mark.parametrize('probe', ['linear', 'attentive', 'knn'])
def test_probes_train_nothing_but_their_head(size, probe):
    cfg = config(f'vit-{size}-p16_*{probe}*')
    model = build(cfg)
    width, depth, *_ = RECIPES[size]
    assert len(model.backbone.layers) == depth and model.backbone.embed_dims == width
    trained = {n.split('.')[0] for n, p in model.named_parameters() if p.requires_grad}
    expected = dict(linear={'head'}, attentive={'neck', 'head'}, knn=set())
    assert trained == expected[probe]
    assert 'backbone.pre_norm.weight' in dict(model.named_parameters())


def test_linear_probe_is_mages_recipe():
    for size, lr in (('base', 1.6), ('large', 0.8)):
        cfg = config(f'vit-{size}-p16_*-linear-*')
        wrapper = cfg.optim_wrapper.optimizer
        assert wrapper == dict(type='LARS', lr=lr, momentum=0.9, weight_decay=0.0)
        assert 8 * cfg.train_dataloader.batch_size == 4096 and cfg.train_cfg.max_epochs == 90
        assert (cfg.param_scheduler.warmup, cfg.param_scheduler.eta_min_ratio) == (10, 0.0)
        crop = cfg.train_dataloader.dataset.dataset.pipeline[1]
        assert crop.type == 'mmaddp.FirstTryResizedCrop' and crop.crop_ratio_range == (0.2, 1.0)
        assert cfg.test_dataloader.dataset.dataset.pipeline[1].scale == 292
    model = build(config('vit-base-p16_*-linear-*'))
    bias = model.head.fc.bias
    groups = optimizer(config('vit-base-p16_*-linear-*'), model).param_groups
    excluded = [group.get('lars_exclude', False) for group in groups for p in group['params']]
    assert sum(excluded) == 1 and bias.dim() == 1
    assert (model.neck.bn.eps, model.neck.bn.affine) == (1e-6, False)


@pytest.mark.parametrize('path', sorted(FOLDER.glob('*.py')), ids=lambda path: path.stem)
def test_weights_are_loaded_under_explicit_lists(path):
    cfg = Config.fromfile(path)
    settings = [setting for *_, setting in pretrained_settings(cfg.model)]
    if 'knn' in path.stem:  # tools/test.py gets the checkpoint
        assert not settings and cfg.default_hooks.strict_load.allow_unexpected
        return
    (setting,) = settings
    assert setting._scope_ == 'mmaddp' and setting.prefix == 'backbone.'
    size = 'large' if 'large' in path.stem else 'base'
    assert setting.checkpoint == f'mmaddp://addp-vit-{size}'
    lost = {
        name for name in ('pre_norm', 'ln1') if any(name in p for p in setting.allow_unexpected)
    }
    backbone = cfg.model.backbone
    assert lost == {
        name
        for name, kept in (('pre_norm', backbone.pre_norm), ('ln1', backbone.final_norm))
        if not kept
    }
