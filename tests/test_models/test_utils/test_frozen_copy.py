"""Copies of frozen networks for autocast: same numbers, made when they are needed."""

import copy

import pytest
import torch
from toy_models import toy_addp

from mmaddp.models.utils import in_autocast
from mmaddp.registry import MODELS


@pytest.fixture(scope='module')
def model():
    torch.manual_seed(0)
    return MODELS.build(toy_addp()).eval()


def bf16():
    return torch.autocast('cpu', torch.bfloat16)


@torch.no_grad()
def test_same_numbers_as_autocast_alone(model):
    tokenizer, images = model.target_generator.tokenizer, torch.rand(2, 3, 32, 32)
    with bf16():
        expected = tokenizer.encoder(images)
        found = tokenizer.encode_latent(images)
    assert found.dtype == torch.bfloat16
    torch.testing.assert_close(found, expected, atol=0.02, rtol=0.02)
    exact = tokenizer.encode_latent(images)
    assert (found.float() - exact).norm() < 0.02 * exact.norm()


def test_kept_until_weights_change(model):
    network = copy.deepcopy(model.target_generator.token_predictor)
    names = list(network.state_dict())
    assert in_autocast(network, 'cpu') is network
    with bf16():
        made = in_autocast(network, 'cpu')
        assert made is not network and in_autocast(network, 'cpu') is made
        assert made.layers[0].ffn.layers[1].weight.dtype == torch.bfloat16
        assert made.layers[0].ln1.weight.dtype == torch.float32
        network.load_state_dict({key: value + 1 for key, value in network.state_dict().items()})
        again = in_autocast(network, 'cpu')
        assert again is not made
        torch.testing.assert_close(again.norm.weight, network.norm.weight)
        assert not network.train().eval().training and not in_autocast(network, 'cpu').training
        assert in_autocast(network.train(), 'cpu').training
    assert list(network.state_dict()) == names and len([*network.modules()]) == len(
        [*again.modules()]
    )


@torch.no_grad()
def test_hooks_see_the_copy(model):
    network, seen = copy.deepcopy(model.target_generator.tokenizer.decoder), []
    with bf16():
        in_autocast(network, 'cpu')
        handle = network.register_forward_hook(lambda *_: seen.append(1))
        in_autocast(network, 'cpu')(torch.rand(1, 6, 4, 4))
        handle.remove()
        in_autocast(network, 'cpu')(torch.rand(1, 6, 4, 4))
    assert seen == [1]


def test_networks_that_learn_and_other_types_are_not_copied(model):
    with bf16():
        assert in_autocast(model.backbone, 'cpu') is model.backbone
    with torch.autocast('cpu', torch.float16):
        encoder = model.target_generator.tokenizer.encoder
        assert in_autocast(encoder, 'cpu') is encoder


def test_a_step_in_bf16_is_close_and_the_state_stays_float32(model):
    images = torch.rand(2, 3, 32, 32)
    torch.manual_seed(1)
    expected = model.loss(images, None)['loss']
    torch.manual_seed(1)
    with bf16():
        found = model.loss(images, None)['loss']
    found.backward()
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, expected, atol=0, rtol=2e-2)
    states = [*model.state_dict().values(), *(p.grad for p in model.backbone.parameters())]
    assert {value.dtype for value in states if value.is_floating_point()} == {torch.float32}
