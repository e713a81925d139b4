"""The dropout of this package: as often, as large and as reproducible as PyTorch's."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from mmaddp.models.utils import PaddedTransformerLayer, QuickDropout, use_quick_dropout
from mmaddp.models.utils.dropout import attention, quick_dropout


@pytest.mark.parametrize('p', [0.1, 0.5, 0.9])
@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
def test_share_and_scale(p, dtype):
    torch.manual_seed(0)
    x = torch.ones(1000, 333, dtype=dtype)
    out = quick_dropout(x, p)
    assert out.dtype == dtype and (x == 1).all()
    assert (out == 0).float().mean().item() == pytest.approx(p, abs=0.004)
    kept = out[out != 0].float()
    torch.testing.assert_close(kept, torch.full_like(kept, 1 / (1 - p)), atol=0, rtol=0.01)
    by_place = (out == 0).float().mean(0)[: 4 * 83].view(-1, 4).mean(0)  # of each 16 bits of a word
    torch.testing.assert_close(by_place, torch.full((4,), p), atol=0.006, rtol=0)


def test_a_seed_gives_a_mask_and_the_gradient_follows_it():
    x = torch.randn(7, 9, requires_grad=True)
    torch.manual_seed(1)
    out = quick_dropout(x, 0.3)
    torch.manual_seed(1)
    assert torch.equal(out, quick_dropout(x, 0.3))
    out.sum().backward()
    kept = out != 0
    assert not x.grad[~kept].any()
    torch.testing.assert_close(x.grad[kept], (out / x)[kept])
    assert quick_dropout(x, 0.0).equal(x) and not quick_dropout(x, 1.0).any()


@pytest.mark.parametrize('masked', [False, True, 'bias'])
def test_attention_has_pytorchs_mean(masked):
    torch.manual_seed(0)
    q, k, v = torch.randn(3, 1, 2, 5, 8).unbind()
    mask = None
    if masked:
        mask = torch.rand(5, 5) < 0.7 if masked is True else torch.randn(2, 5, 5)
    if masked is True:
        mask.fill_diagonal_(True)
    expected = F.scaled_dot_product_attention(q, k, v, mask)
    torch.testing.assert_close(attention(q, k, v, mask, 1e-5), expected, atol=1e-3, rtol=1e-3)
    mean = torch.stack([attention(q, k, v, mask, 0.3) for _ in range(3000)]).mean(0)
    torch.testing.assert_close(mean, expected, atol=0.08, rtol=0)
    assert torch.equal(attention(q, k, v, mask), expected)


def test_all_of_a_layer_draws_in_this_way(monkeypatch):
    layer = PaddedTransformerLayer(16, 2, drop_rate=0.1)
    kinds = {type(module) for module in layer.modules() if isinstance(module, nn.Dropout)}
    assert kinds == {QuickDropout}
    monkeypatch.setattr(F, 'dropout', None)  # nothing of PyTorch's is called
    layer(torch.randn(2, 5, 16)).sum().backward()
    x = torch.randn(2, 5, 16)
    assert torch.equal(layer.eval()(x), layer(x))


def test_replacing_keeps_mode_and_weights():
    network = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.2)).eval()
    names = list(network.state_dict())
    use_quick_dropout(network)
    assert type(network[1]) is QuickDropout and network[1].p == 0.2 and not network[1].training
    assert list(network.state_dict()) == names
