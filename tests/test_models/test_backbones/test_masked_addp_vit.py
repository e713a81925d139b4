import pytest
import torch

from mmaddp.models.backbones import ADDPViT, MaskedADDPViT

SIZES = dict(
    arch=dict(embed_dims=16, num_layers=2, num_heads=2, feedforward_channels=32),
    img_size=32,
    patch_size=4,
    in_channels=1,
)


@pytest.fixture
def encoder():
    torch.manual_seed(0)
    model = MaskedADDPViT(**SIZES)
    model.init_weights()
    return model.eval()


def test_what_is_seen_is_where_it_was(encoder, monkeypatch):
    """Without blocks and last norm, visible tokens are those of the whole picture."""
    monkeypatch.setattr(encoder, 'run_layer', lambda layer, tokens, grid: tokens)
    monkeypatch.setattr(encoder, 'final_norm', False)
    images = torch.randn(3, 1, 32, 32)
    latents, mask, places = encoder(images)
    assert latents.shape == (3, 1 + 16, 16) and mask.shape == places.shape == (3, 64)
    assert (mask.sum(dim=1) == 48).all() and (mask[0] != mask[1]).any()
    whole, _ = encoder.embed(images)
    for i in range(3):
        assert torch.equal(latents[i, 0], whole[i, 0])
        for patch in range(64):
            assert bool(mask[i, patch]) == bool(places[i, patch] >= 16)
            if not mask[i, patch]:
                assert torch.equal(latents[i, 1 + places[i, patch]], whole[i, 1 + patch])


def test_hidden_patches_change_nothing(encoder):
    images = torch.randn(2, 1, 32, 32)
    torch.manual_seed(1)
    latents, mask, _ = encoder(images)
    hidden = mask.view(2, 1, 8, 8).repeat_interleave(4, 2).repeat_interleave(4, 3).bool()
    torch.manual_seed(1)
    again, _, _ = encoder(images.masked_fill(hidden, 5.0))
    assert torch.equal(latents, again)
    torch.manual_seed(1)
    other, _, _ = encoder(images.masked_fill(~hidden, 5.0))
    assert not torch.allclose(latents, other)


def test_one_reads_the_weights_of_the_other(encoder):
    plain = ADDPViT(out_type='raw', **SIZES).eval()
    plain.load_state_dict(encoder.state_dict())
    images = torch.randn(2, 1, 32, 32)
    assert torch.equal(encoder(images, mask=None)[0], plain(images)[0])


@pytest.mark.parametrize('mask_ratio', [0.0, 0.99, 1.0])
def test_some_are_hidden_and_some_are_left(mask_ratio):
    with pytest.raises(ValueError, match='of 64 patches'):
        MaskedADDPViT(mask_ratio=mask_ratio, **SIZES)
