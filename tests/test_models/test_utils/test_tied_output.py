import torch
from torch.nn import functional as F

from mmaddp.models.utils.tied_output import TiedOutput


def test_scores_are_those_of_a_norm_behind_gelu():
    """fc, GELU, LayerNorm with PyTorch's own eps, then the table and a bias."""
    torch.manual_seed(0)
    output, table = TiedOutput(6, 4, 9), torch.randn(9, 4)
    torch.nn.init.normal_(output.bias)
    tokens = 1e-3 * torch.randn(2, 3, 6)  # where the eps of the norm counts
    hidden = F.gelu(F.linear(tokens, output.fc.weight, output.fc.bias))
    hidden = F.layer_norm(hidden, (4,), output.norm.weight, output.norm.bias, 1e-5)
    expected = hidden @ table.T + output.bias[0]
    torch.testing.assert_close(output(tokens, table), expected)
    torch.testing.assert_close(output(tokens, table, 5), expected[..., :5])
    assert output.norm.eps == 1e-5


def test_the_bias_begins_at_zero_and_the_table_gets_no_gradient():
    output, table = TiedOutput(6, 4, 9), torch.randn(9, 4, requires_grad=True)
    assert output.bias.shape == (1, 1, 9) and not output.bias.any()
    output(torch.randn(2, 3, 6), table).sum().backward()
    assert table.grad is None and output.bias.grad.any()
