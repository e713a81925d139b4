"""Encoders are exported for any number of images: no size of a batch is built in."""

import pytest
import torch
from torch.export import Dim, export
from toy_models import toy_vit

from mmaddp.registry import MODELS

KINDS = {
    'raw': {},
    'featmap': dict(out_type='featmap'),
    'avg_featmap': dict(out_type='avg_featmap'),
    'without class token': dict(out_type='featmap', with_cls_token=False),
    'detection': dict(type='mmaddp.ADDPViTDet', input_size=64, window_size=3, global_indices=(1,)),
    'segmentation': dict(type='mmaddp.ADDPViTSeg', out_type='featmap', out_indices=(0, 1)),
}


@pytest.mark.parametrize('kind', KINDS)
def test_any_number_of_images(kind):
    config = toy_vit() | KINDS[kind]
    if kind == 'detection':
        config.pop('out_type')
    torch.manual_seed(0)
    model = MODELS.build(config).eval()
    program = export(
        model, (torch.rand(2, 3, 32, 32),), dynamic_shapes=({0: Dim('batch', min=1, max=64)},)
    )
    for number in (1, 2, 5):
        images = torch.rand(number, 3, 32, 32)
        for got, wanted in zip(program.module()(images), model(images), strict=True):
            torch.testing.assert_close(got, wanted, atol=1e-5, rtol=0)


def test_attentive_pool():
    pool = MODELS.build(dict(type='mmaddp.AttentivePool', in_channels=16, num_heads=4)).eval()
    dynamic = ((({0: Dim('batch', min=1, max=64)}),),)
    program = export(pool, ((torch.rand(2, 5, 16),),), dynamic_shapes=dynamic)
    for number in (1, 5):
        tokens = torch.rand(number, 5, 16)
        torch.testing.assert_close(program.module()((tokens,))[0], pool((tokens,))[0])
