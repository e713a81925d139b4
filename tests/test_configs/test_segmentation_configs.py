"""UperNet's configurations against the numbers of mmsegmentation's MAE recipe."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope

import mmaddp.engine  # noqa: F401
from mmaddp.registry import MODELS
from mmaddp.weights.checkpoint import load_weights

pytest.importorskip('mmseg')
FOLDER = Path(__file__).parents[2] / 'configs' / 'segmentation'
NAME = 'addp-vit-{}_upernet_8xb2-amp-160k_ade20k-512px.py'
# width, heads, taps, drop path, layer decay
SIZES = {
    'base-p16': (768, 12, (3, 5, 7, 11), 0.1, 0.65),
    'large-p16': (1024, 16, (7, 11, 15, 23), 0.2, 0.8),
}


def load(size):
    cfg = Config.fromfile(FOLDER / NAME.format(size))
    init_default_scope('mmseg')
    with torch.device('meta'):
        return MODELS.build(cfg.model), cfg


@pytest.fixture(scope='module', params=SIZES)
def built(request):
    return (*load(request.param), SIZES[request.param])


def test_backbone(built):
    model, _, (width, heads, taps, drop_path, _) = built
    encoder = model.backbone
    assert (encoder.embed_dims, tuple(encoder.out_indices)) == (width, taps)
    assert len(encoder.layers) == taps[-1] + 1
    assert encoder.layers[-1].attn.num_heads == heads
    assert encoder.layers[-1].attn.out_drop.drop_prob == drop_path
    assert encoder.layers[0].attn.out_drop.drop_prob == 0
    assert encoder.layers[0].rel_pos_bias.table.shape == (63 * 63 + 3, heads)
    assert encoder.layers[0].attn.gamma1.weight.shape == (width,)
    assert isinstance(encoder.pre_norm, torch.nn.Identity) and not encoder.final_norm


def test_heads(built):
    model, cfg, (width, *_) = built
    assert (model.decode_head.channels, model.decode_head.num_classes) == (width, 150)
    assert (model.auxiliary_head.channels, model.auxiliary_head.in_index) == (256, 2)
    assert model.auxiliary_head.loss_decode.loss_weight == 0.4
    assert model.neck.rescales == [4, 2, 1, 0.5]
    assert cfg.model.test_cfg == dict(mode='slide', crop_size=(512, 512), stride=(341, 341))
    assert cfg.sync_bn == 'torch'


def test_optimiser(built):
    model, cfg, (*_, layer_decay) = built
    assert cfg.optim_wrapper.type == 'AmpOptimWrapper'
    settings = cfg.optim_wrapper | dict(type='OptimWrapper')
    settings.pop('loss_scale')
    optimizer = build_optim_wrapper(model, settings).optimizer
    found = {p: group for group in optimizer.param_groups for p in group['params']}
    assert optimizer.defaults['betas'] == (0.9, 0.999)
    depth = model.backbone.num_layers
    for name, parameter in model.named_parameters():
        group = found[parameter]
        assert group['weight_decay'] == (0 if parameter.dim() == 1 else 0.05), name
        if name.startswith('backbone.layers.'):
            layer = int(name.split('.')[2]) + 1
        else:
            layer = 0 if name.startswith('backbone.') else depth + 1
        assert group['lr'] == pytest.approx(1e-4 * layer_decay ** (depth + 1 - layer)), name


def test_schedule(built):
    warm_up, poly = built[1].param_scheduler
    assert (warm_up.start_factor, warm_up.begin, warm_up.end) == (1e-6, 0, 1500)
    assert (poly.power, poly.eta_min, poly.begin, poly.end) == (1.0, 0.0, 1500, 160000)
    assert built[1].train_dataloader.batch_size * 8 == built[1].auto_scale_lr.base_batch_size == 16


def test_augmentation(built):
    dataset = built[1].train_dataloader.dataset
    steps = {step.type: step for step in dataset.pipeline}
    assert dataset.type == 'ADE20KDataset'
    assert (steps['RandomResize'].scale, steps['RandomResize'].ratio_range) == (
        (2048, 512),
        (0.5, 2.0),
    )
    assert (steps['RandomCrop'].crop_size, steps['RandomCrop'].cat_max_ratio) == ((512, 512), 0.75)
    assert steps['RandomFlip'].prob == 0.5 and 'PhotoMetricDistortion' in steps
    assert list(steps)[:2] == ['mmaddp.CheckImageFile', 'LoadImageFromFile']
    assert list(steps)[2:4] == ['mmaddp.CheckLabelMap', 'LoadAnnotations']
    assert built[1].model.data_preprocessor['size'] == (512, 512)


def test_multi_scale_test_enlarges_to_the_crop_and_above(built):
    sizes = [step.scale[1] for step in built[1].tta_pipeline[2].transforms[0]]
    assert sizes == [512, 512, 512, 640, 768, 896]


def pretrained(arch):
    """Weights of an encoder, of one number each, which take no memory."""
    with torch.device('meta'):
        encoder = MODELS.build(dict(type='mmaddp.ADDPViT', arch=arch, out_type='raw'))
    shapes = {name: tensor.shape for name, tensor in encoder.state_dict().items()}
    return {name: torch.zeros(()).expand(shape) for name, shape in shapes.items()}


@pytest.mark.parametrize('size', [*SIZES, 'base-p16-frozen'])
def test_takes_the_pretrained_encoder_and_nothing_is_lost_unnamed(size):
    model, cfg = load(size)
    settings = cfg.model.backbone.init_cfg
    assert (settings.type, settings._scope_, settings.prefix) == (
        'Pretrained',
        'mmaddp',
        'backbone.',
    )
    weights = pretrained(size.split('-')[0])
    rules = (settings.allow_missing, settings.allow_unexpected)
    load_weights(model.backbone, weights, 'pre-training', *rules)
    del weights['layers.3.attn.qkv.weight']
    with pytest.raises(ValueError, match=r'missing.*layers\.3\.attn\.qkv\.weight'):
        load_weights(model.backbone, weights, 'pre-training', *rules)


def test_frozen_variant_trains_pyramid_and_heads_only():
    model, _ = load('base-p16-frozen')
    trained = {name.partition('.')[0] for name, p in model.named_parameters() if p.requires_grad}
    assert trained == {'neck', 'decode_head', 'auxiliary_head'}
    layers = model.train().backbone.layers
    assert not any(module.training for layer in layers for module in layer.modules())
