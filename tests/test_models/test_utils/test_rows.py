"""Layers that compute some rows only give what they give of all."""

import pytest
import torch
from toy_models import NUM_CODES, toy_addp, toy_predictor

from mmaddp.models.task_modules import NestedMasks
from mmaddp.models.utils import PaddedTransformerLayer, masked_rows, spread_rows, take_rows
from mmaddp.registry import MODELS


def test_masked_rows_cover_the_mask():
    mask = torch.tensor([[1, 0, 1, 0, 1], [0, 0, 1, 0, 1]], dtype=torch.bool)
    rows = masked_rows(mask, (2, 3))
    assert rows.shape == (2, 3)
    assert rows[0].tolist() == [0, 2, 4] and set(rows[1].tolist()) > {2, 4}
    x = torch.randn(2, 5, 3)
    spread = spread_rows(take_rows(x, rows), rows, 5)
    assert torch.equal(spread[mask], x[mask]) and not spread[0, [1, 3]].any()


@pytest.mark.parametrize('padded', [False, True])
def test_layer(padded):
    torch.manual_seed(0)
    layer, x = PaddedTransformerLayer(16, 2), torch.randn(2, 7, 16, requires_grad=True)
    padding = torch.arange(7).expand(2, -1) >= torch.tensor([[7], [4]]) if padded else None
    rows = torch.tensor([[5, 0, 2], [1, 2, 3]])
    expected, found = take_rows(layer(x, padding), rows), layer(x, padding, rows)
    torch.testing.assert_close(found, expected)
    (wanted,) = torch.autograd.grad(expected.square().sum(), x)
    (gradient,) = torch.autograd.grad(found.square().sum(), x)
    torch.testing.assert_close(gradient, wanted)


def test_predictor():
    torch.manual_seed(0)
    predictor = MODELS.build(toy_predictor()).eval()
    token_ids, mask = torch.randint(NUM_CODES, (2, 16)), torch.rand(2, 16) < 0.5
    rows = torch.tensor([[3, 0], [15, 7]])
    everywhere = predictor(token_ids, mask)
    torch.testing.assert_close(predictor(token_ids, mask, rows), take_rows(everywhere, rows))


@pytest.mark.parametrize('counts', [(6, 6), (5, 9)], ids=['equal', 'different'])
def test_loss_equals_that_of_all_positions(counts):
    torch.manual_seed(0)
    model = MODELS.build(toy_addp()).eval()
    generator, images = model.target_generator, torch.rand(2, 3, 32, 32)
    order = torch.rand(2, 16).argsort(1)
    mask_t = order < 16 - torch.tensor(counts)[:, None]
    masks = NestedMasks(mask_t, mask_t | (order < 13), counts)
    generator.mask_sampler.draw = lambda *_: masks
    loss = model.loss(images, None)
    model.zero_grad()
    loss['loss'].backward()
    found = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}

    target = generator(images)
    whole = dict(zip(('s', 't'), generator.predict(target.token_ids, masks)))
    torch.testing.assert_close(target.target_probs[mask_t], whole['t'][mask_t])
    x_t = generator.decode(target.token_ids, whole['s'], mask_t)
    torch.testing.assert_close(target.x_t, x_t)
    feats = model.neck(model.encode(x_t), target.token_ids, mask_t, counts)
    expected = model.head.loss(feats[:, 1:17], model.neck.token_embed, target)
    torch.testing.assert_close(loss, expected)
    model.zero_grad()
    expected['loss'].backward()
    for name, parameter in model.named_parameters():
        if parameter.grad is not None:
            torch.testing.assert_close(found[name], parameter.grad, atol=1e-6, rtol=1e-3)
