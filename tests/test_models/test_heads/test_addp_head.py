import pytest
import torch
from toy_models import NUM_CODES, WIDTH, toy_head

from mmaddp.registry import MODELS
from mmaddp.structures import ADDPTarget

LENGTH, VOCABULARY = 16, NUM_CODES + 1001


@pytest.fixture
def case():
    torch.manual_seed(0)
    head = MODELS.build(toy_head())
    head.init_weights()
    mask = torch.rand(2, LENGTH).argsort(1) < 10
    target = ADDPTarget(
        x_t=torch.zeros(2, 3, 32, 32),
        token_ids=torch.randint(NUM_CODES, (2, LENGTH)),
        mask_t=mask,
        num_visible=(6, 6),
        target_probs=torch.randn(2, LENGTH, NUM_CODES).softmax(-1),
    )
    feats = torch.randn(2, LENGTH, WIDTH, requires_grad=True)
    table = torch.randn(VOCABULARY, WIDTH, requires_grad=True)
    return head, feats, table, target


def test_shape(case):
    head, feats, table, _ = case
    assert head(feats, table).shape == (2, LENGTH, VOCABULARY)
    torch.testing.assert_close(head(feats, table, NUM_CODES), head(feats, table)[..., :NUM_CODES])


def test_loss_equals_pytorchs_over_the_whole_vocabulary(case):
    head, feats, table, target = case
    logits = head(feats, table)[target.mask_t]
    padded = torch.nn.functional.pad(target.target_probs[target.mask_t], (0, 1001))
    expected = torch.nn.functional.cross_entropy(logits, padded, label_smoothing=0.1)
    torch.testing.assert_close(head.loss(feats, table, target)['loss'], expected)


def test_accuracy_counts_masked_positions(case):
    head, feats, table, target = case
    best = head(feats, table)[..., :NUM_CODES].argmax(-1)
    expected = (best == target.token_ids)[target.mask_t].float().mean()
    torch.testing.assert_close(head.loss(feats, table, target)['masked_acc'], expected)


def test_the_table_is_detached(case):
    head, feats, table, target = case
    head.loss(feats, table, target)['loss'].backward()
    assert table.grad is None
    visible = ~target.mask_t
    assert not feats.grad[visible].any() and feats.grad[target.mask_t].any()


def test_norm_eps_of_the_output_layer(case):
    assert case[0].output.norm.eps == 1e-5
