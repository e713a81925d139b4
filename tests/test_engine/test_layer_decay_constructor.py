import json
from copy import deepcopy
from pathlib import Path

import pytest
import torch
from mmengine.optim import build_optim_wrapper
from mmengine.registry import PARAM_SCHEDULERS
from mmpretrain.models.utils import LayerNorm2d
from torch import nn
from toy_models import toy_vit

from mmaddp.registry import MODELS
from mmaddp.weights.official_keys import ENCODER_KEYS

REFERENCE = json.loads(
    (Path(__file__).parents[1] / 'data' / 'reference' / 'reference.json').read_text()
)
CLASSIFICATION = dict(
    layer_decay_rate=0.65, no_decay_vectors=True, no_decay_names=('pos_embed', 'cls_token')
)
DETECTION = dict(layer_decay_rate=0.7, no_decay_norms=True, no_decay_names=('pos_embed',))
SEGMENTATION = dict(layer_decay_rate=0.65, no_decay_vectors=True)


class Detector(nn.Module):
    """A backbone that knows its layers in a model that does not."""

    def __init__(self, **kwargs):
        super().__init__()
        self.backbone = MODELS.build(toy_vit(**kwargs))
        self.neck = nn.Sequential(nn.Conv2d(16, 4, 1), nn.GroupNorm(2, 4), LayerNorm2d(4))
        self.bbox_head = nn.Linear(4, 2)


def settings(options, **kwargs):
    optimizer = dict(type='AdamW', lr=4e-3, betas=(0.9, 0.999), weight_decay=0.05)
    constructor = 'mmaddp.LayerDecayConstructor'
    return dict(constructor=constructor, optimizer=optimizer, paramwise_cfg=options) | kwargs


def groups_by_name(model, options=CLASSIFICATION, **kwargs):
    """Name -> the optimiser's group that the parameter is in."""
    wrapper = build_optim_wrapper(model, deepcopy(settings(options, **kwargs)))
    names = {id(p): name for name, p in model.named_parameters()}
    found = [
        (names[id(p)], group) for group in wrapper.optimizer.param_groups for p in group['params']
    ]
    assert len(found) == len(dict(found))
    return dict(found), wrapper


def test_scales_and_decay_equal_the_official_ones():
    config = REFERENCE
    width = config['embed_dim']
    arch = dict(
        embed_dims=width,
        num_layers=config['depth'],
        num_heads=config['num_heads'],
        feedforward_channels=4 * width,
    )
    backbone = dict(type='mmaddp.ADDPViT', arch=arch, pre_norm=False, final_norm=False)
    classifier = nn.Module()
    classifier.backbone = MODELS.build(dict(backbone, out_type='avg_featmap'))
    classifier.head = nn.Linear(width, 10)
    groups, wrapper = groups_by_name(classifier)
    ours = {'fc_norm': 'backbone.ln2', 'head': 'head'}
    expected = {}
    for name, group in config['classify_param_groups'].items():
        part, _, rest = name.partition('.')
        our_name = (
            f'{ours[part]}.{rest}' if part in ours else f'backbone.{ENCODER_KEYS.rename(name)}'
        )
        expected[our_name] = (group['lr_scale'], group['weight_decay'])
    assert {n: (g['lr_scale'], g['weight_decay']) for n, g in groups.items()} == expected
    for group in wrapper.optimizer.param_groups:
        assert group['lr'] == 4e-3 * group['lr_scale'] and group['betas'] == (0.9, 0.999)
    # One group per scale and decay; patches with and without, three more layers.
    assert len(wrapper.optimizer.param_groups) == 8
    assert wrapper.optimizer.param_groups[0]['lr'] == 4e-3


def spared(options):
    groups, _ = groups_by_name(Detector(final_norm=False), options)
    assert {g['weight_decay'] for g in groups.values()} == {0.0, 0.05}
    return {name for name, group in groups.items() if group['weight_decay'] == 0}


def test_every_task_spares_others_from_decay():
    classes, boxes, masks = (spared(o) for o in (CLASSIFICATION, DETECTION, SEGMENTATION))
    both = {'backbone.pos_embed', 'backbone.cls_token'}
    assert both <= classes and not both & masks
    assert classes - both == masks
    # LayerNorms over channels, neck.2, are none of torch's, as in detectron2.
    norms = {n for n in masks if '.ln' in n or 'pre_norm' in n or n.startswith('neck.1.')}
    assert {'neck.2.weight', 'neck.2.bias'} <= masks - boxes
    assert boxes == norms | {'backbone.pos_embed'}
    assert 'bbox_head.bias' in masks and 'backbone.layers.0.attn.qkv.bias' in masks


def test_kept_pre_norm_belongs_to_the_first_layer_and_frozen_ones_to_none():
    groups, _ = groups_by_name(Detector(frozen_stages=1), dict(CLASSIFICATION))
    assert not any(name.startswith(('backbone.layers.0', 'backbone.pre')) for name in groups)
    groups, _ = groups_by_name(Detector(), dict(CLASSIFICATION))
    assert groups['backbone.pre_norm.weight']['lr_scale'] == pytest.approx(0.65**3)
    assert groups['neck.0.weight']['lr_scale'] == groups['bbox_head.bias']['lr_scale'] == 1


def test_accumulates_over_batches():
    """Two backward passes of accumulation give the step of their mean."""
    torch.manual_seed(0)
    models = [Detector(), Detector()]
    models[1].load_state_dict(models[0].state_dict())
    for model, counts in zip(models, (1, 2)):
        sgd = dict(type='SGD', lr=1e-3, weight_decay=0.05)
        _, wrapper = groups_by_name(model, accumulative_counts=counts, optimizer=sgd)
        torch.manual_seed(0)
        inputs = torch.rand(2, 3, 32, 32)
        for part in inputs.chunk(counts):
            wrapper.update_params((model.backbone(part)[0] @ torch.arange(16.0)).square().mean())
    for one, two in zip(*(m.parameters() for m in models)):
        torch.testing.assert_close(one, two, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    'schedule',
    [
        dict(type='mmaddp.WarmupCosineLR', warmup=2, end=6),
        dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=4),
        dict(type='PolyLR', eta_min=0.0, power=1.0, by_epoch=False, end=9),
        dict(type='MultiStepLR', milestones=[3], by_epoch=False),
    ],
    ids=lambda cfg: cfg['type'],
)
def test_schedulers_keep_the_ratios_of_the_layers(schedule):
    _, wrapper = groups_by_name(Detector())
    scheduler = PARAM_SCHEDULERS.build(dict(schedule, optimizer=wrapper))
    for _ in range(5):
        wrapper.step()
        scheduler.step()
        groups = wrapper.optimizer.param_groups
        assert groups[0]['lr_scale'] == 1 and groups[0]['lr'] > 0
        for group in groups:
            assert group['lr'] == pytest.approx(groups[0]['lr'] * group['lr_scale'])


@pytest.mark.parametrize(
    'options, message',
    [
        (dict(layer_decay_rate=0.7, decay_rate=0.7), 'decay_rate'),
        (None, 'needs layer_decay_rate'),
        (dict(layer_decay_rate=1.5), r'in \(0, 1\], got 1.5'),
    ],
)
def test_impossible_options(options, message):
    with pytest.raises(ValueError, match=message):
        groups_by_name(Detector(), options)


def test_backbone_without_layers():
    model = nn.Module()
    model.backbone = nn.Linear(2, 2)
    with pytest.raises(ValueError, match='is a Linear'):
        groups_by_name(model)


def test_mixed_precision(monkeypatch):
    """The wrapper of the full-size configurations; it looks for a GPU when it is built."""
    monkeypatch.setattr(
        'mmengine.optim.optimizer.amp_optimizer_wrapper.is_cuda_available', lambda: True
    )
    amp = dict(type='AmpOptimWrapper', dtype='float16', loss_scale='dynamic')
    _, wrapper = groups_by_name(Detector(), **amp)
    assert type(wrapper).__name__ == 'AmpOptimWrapper'
    assert {group['lr_scale'] for group in wrapper.optimizer.param_groups} == {
        0.65**distance for distance in range(4)
    }
