"""Every network, the loss and a step of generation are one graph for a compiler each."""

import pytest
import torch
from toy_models import NUM_CODES, toy_addp, toy_decoder

from mmaddp.models.task_modules import GenerationState, NestedMasks
from mmaddp.models.utils import masked_rows
from mmaddp.registry import MODELS

LENGTH = 16


class Graphs:
    """A backend that runs graphs as they are, and counts them."""

    def __init__(self):
        self.count = 0

    def __call__(self, graph, inputs):
        self.count += 1
        return graph.forward


def in_one_graph(function, *arguments):
    """Result of a compiled function; raises where the compiler cannot go on with one graph."""
    torch._dynamo.reset()
    graphs = Graphs()
    result = torch.compile(function, backend=graphs, fullgraph=True)(*arguments)
    assert graphs.count == 1
    return result


@pytest.fixture(scope='module')
def model():
    torch.manual_seed(0)
    return MODELS.build(toy_addp()).eval()


@pytest.fixture(scope='module')
def case():
    torch.manual_seed(0)
    order = torch.rand(2, LENGTH).argsort(1)
    masks = NestedMasks(order < 10, order < 13, (6, 6))
    token_ids = torch.randint(NUM_CODES, (2, LENGTH))
    return torch.rand(2, 3, 32, 32), token_ids, masks, masked_rows(masks.mask_t, masks.num_visible)


@torch.no_grad()
def test_target_generator(model, case):
    images, token_ids, masks, rows = case
    generator = model.target_generator
    assert torch.equal(in_one_graph(generator.tokenize, images), generator.tokenize(images))
    found = in_one_graph(generator.predict, token_ids, masks, rows)
    expected = generator.predict(token_ids, masks, rows)
    torch.testing.assert_close(found, expected)
    probs = torch.rand(2, LENGTH, NUM_CODES).softmax(-1)
    found = in_one_graph(generator.decode, token_ids, probs, masks.mask_t)
    torch.testing.assert_close(found, generator.decode(token_ids, probs, masks.mask_t))


@pytest.mark.parametrize('training', [False, True])
@pytest.mark.parametrize('bf16', [False, True])
def test_trained_networks_and_loss(model, case, training, bf16):
    images, token_ids, masks, rows = case
    model.train(training)
    target = model.target_generator(images)

    def loss(target, rows):
        latent = model.encode(target.x_t)
        feats = model.neck(latent, token_ids, masks.mask_t, masks.num_visible, rows)
        return model.head.loss(feats, model.neck.token_embed, target, rows)['loss']

    with torch.autocast('cpu', torch.bfloat16, enabled=bf16):
        found, expected = in_one_graph(loss, target, rows), loss(target, rows)
    model.eval()
    torch.testing.assert_close(found, expected, rtol=1e-2 if bf16 else 1e-5, atol=1e-5)


@torch.no_grad()
def test_step_of_the_sampler(model):
    sampler = model.sampler
    state = GenerationState.blank(2, LENGTH, torch.device('cpu'))

    def step(logits, token_ids, mask, uniform, gumbel):
        probs = logits.softmax(dim=-1)
        before = GenerationState(token_ids, mask, LENGTH)
        after = sampler.advance(before, 1, probs, sampler.draw(probs, uniform), gumbel, 9)
        return after.token_ids, after.mask

    noise = torch.rand(2, LENGTH), torch.randn(2, LENGTH)
    arguments = (torch.randn(2, LENGTH, NUM_CODES), state.token_ids, state.mask, *noise)
    for found, expected in zip(in_one_graph(step, *arguments), step(*arguments)):
        assert torch.equal(found, expected)


def test_padded_lengths_change_nothing_and_need_few_graphs(model, case):
    images, token_ids, _, _ = case
    padded = MODELS.build(toy_decoder(length_multiple=4)).eval()
    padded.load_state_dict(model.neck.state_dict())
    torch._dynamo.reset()
    graphs = Graphs()
    whole = padded.run
    padded.run = torch.compile(whole, backend=graphs, fullgraph=True, dynamic=False)
    latent = model.encode(images).detach()
    for count in range(1, 9):
        mask = torch.arange(LENGTH).expand(2, -1) >= count
        rows = masked_rows(mask, (count, count), padded.length_multiple)
        arguments = (latent, token_ids, mask, (count, count), rows)
        torch.testing.assert_close(padded(*arguments), model.neck(*arguments))
    assert graphs.count <= 4  # 4 or 8 tokens, all of them or some of them padding
