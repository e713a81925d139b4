import pytest
import torch

from mmaddp.registry import MODELS


def build(**kwargs):
    torch.manual_seed(0)
    return MODELS.build(dict(type='mmaddp.AttentivePool', in_channels=16, num_heads=4) | kwargs)


def test_one_feature_of_all_tokens_whatever_their_order():
    pool = build()
    tokens = torch.randn(2, 5, 16)
    (feature,) = pool((torch.zeros(1), tokens))
    assert feature.shape == (2, 16)
    torch.testing.assert_close(pool((tokens.flip(1),))[0], feature)


def test_the_query_chooses():
    """Unlike a mean, a query along a key looks at that token alone."""
    pool = build(num_heads=1)
    tokens = torch.randn(1, 5, 16)
    with torch.no_grad():
        pool.attn.in_proj_weight[:] = torch.eye(16).repeat(3, 1)
        pool.attn.out_proj.weight[:] = torch.eye(16)
        normed = pool.norm(tokens)
        pool.query[:] = 50 * normed[:, 2:3]
        (feature,) = pool((tokens,))
    torch.testing.assert_close(feature, normed[:, 2], rtol=1e-4, atol=1e-4)


def test_impossible_heads():
    with pytest.raises(ValueError, match='16 is not a multiple of 3 heads'):
        build(num_heads=3)
