from copy import deepcopy

import pytest
import torch
from mmengine.optim import build_optim_wrapper
from torch import nn
from toy_models import toy_addp

from mmaddp.registry import MODELS

CFG = dict(
    optimizer=dict(type='AdamW', lr=0.1, betas=(0.9, 0.95), weight_decay=0.05),
    clip_grad=dict(max_norm=3.0),
    constructor='mmaddp.WeightDecayConstructor',
)


def names_of_groups(model, wrapper):
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    return [{names[id(p)] for p in group['params']} for group in wrapper.optimizer.param_groups]


def test_exempts_vectors_and_biases_of_addp_and_nothing_else():
    model = MODELS.build(toy_addp())
    wrapper = build_optim_wrapper(model, deepcopy(CFG))
    decayed, exempt = names_of_groups(model, wrapper)
    trainable = {name: p for name, p in model.named_parameters() if p.requires_grad}
    assert decayed | exempt == trainable.keys() and not decayed & exempt
    assert exempt == {n for n, p in trainable.items() if p.dim() == 1 or n.endswith('.bias')}
    assert [group['weight_decay'] for group in wrapper.optimizer.param_groups] == [0.05, 0.0]
    tables = {'backbone.pos_embed', 'backbone.cls_token', 'neck.mask_token', 'neck.token_embed'}
    assert tables <= decayed
    assert {'head.output.bias', 'backbone.pre_norm.weight'} <= exempt


def test_equals_the_rule_of_mmengine():
    model = nn.Sequential(nn.Linear(2, 3), nn.LayerNorm(3), nn.Conv2d(3, 3, 1))
    options = dict(norm_decay_mult=0.0, bias_decay_mult=0.0, flat_decay_mult=0.0)
    theirs = build_optim_wrapper(
        model, dict(optimizer=dict(CFG['optimizer']), paramwise_cfg=options)
    )
    expected = {id(g['params'][0]): g['weight_decay'] for g in theirs.optimizer.param_groups}
    for group in build_optim_wrapper(model, deepcopy(CFG)).optimizer.param_groups:
        assert all(expected[id(p)] == group['weight_decay'] for p in group['params'])


def test_settings_reach_the_optimizer():
    model = nn.Linear(2, 2)
    wrapper = build_optim_wrapper(model, deepcopy(CFG))
    assert isinstance(wrapper.optimizer, torch.optim.AdamW)
    assert wrapper.clip_grad_kwargs == dict(max_norm=3.0)
    assert all(group['betas'] == (0.9, 0.95) for group in wrapper.optimizer.param_groups)


def test_frozen_parameters_are_left_out():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2).requires_grad_(False))
    wrapper = build_optim_wrapper(model, deepcopy(CFG))
    assert sum(len(group['params']) for group in wrapper.optimizer.param_groups) == 2


def test_two_rules_at_once_are_refused():
    with pytest.raises(ValueError, match='no paramwise_cfg'):
        build_optim_wrapper(
            nn.Linear(2, 2), dict(deepcopy(CFG), paramwise_cfg=dict(bias_decay_mult=0.0))
        )
