import pytest
import torch
from toy_models import toy_addp

from mmaddp.apis import inpaint, outpaint, reconstruct, start_from_images, vary
from mmaddp.registry import MODELS


@pytest.fixture(scope='module')
def model():
    torch.manual_seed(0)
    model = MODELS.build(toy_addp())
    model.init_weights()
    return model.eval()


@pytest.fixture
def images():
    return torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(1))


def corner(size=10):
    mask = torch.zeros(32, 32, dtype=torch.bool)
    mask[:size, :size] = True
    return mask


def under(mask, images):
    """The images with other pixels under the mask."""
    return torch.where(mask, 1 - images, images)


@pytest.mark.parametrize('dilation', [0, 3])
def test_pixels_under_the_mask_change_no_bit(model, images, dilation):
    mask = corner()
    result = inpaint(model, images, mask, dilation=dilation)
    assert torch.equal(inpaint(model, under(mask, images), mask, dilation=dilation), result)
    hidden = torch.where(mask, torch.nan, images)
    assert torch.equal(inpaint(model, hidden, mask, dilation=dilation), result)
    assert not torch.equal(inpaint(model, images, mask, seeds=[9, 10, 11]), result)


def test_the_official_start_leaks(model, images):
    mask = corner()
    result = inpaint(model, images, mask, official_start=True)
    leaked = inpaint(model, under(mask, images), mask, official_start=True)
    assert not torch.equal(leaked, result)
    tokens = torch.zeros(3, 16, dtype=torch.bool)
    tokens[:, :4] = True
    official = start_from_images(model, images, tokens, official_start=True)
    assert torch.equal(official.images, images)
    honest = start_from_images(model, images, tokens)
    assert torch.equal(honest.token_ids, official.token_ids)
    assert not torch.allclose(honest.images, images, atol=0.05)


def test_known_pixels_come_back(model, images):
    result = inpaint(model, images, corner(), feather=2)
    assert torch.equal(result[..., 12:, :], images[..., 12:, :])
    assert torch.equal(result[..., :, 12:], images[..., :, 12:])
    assert (result[..., :8, :8] - images[..., :8, :8]).abs().mean() > 0.05
    nothing = torch.zeros(32, 32, dtype=torch.bool)
    assert torch.equal(inpaint(model, images, nothing), images)


def test_masks_of_different_size_in_one_batch(model, images):
    masks = torch.stack((corner(4), corner(20), corner(4)))
    together = inpaint(model, images, masks, seeds=[4, 5, 6])
    for place in range(3):
        part = slice(place, place + 1)
        alone = inpaint(model, images[part], masks[part], seeds=[4 + place])
        torch.testing.assert_close(together[part], alone, atol=1e-4, rtol=0)


def test_hidden_patches_change_no_bit_of_a_reconstruction(model, images):
    result = reconstruct(model, images, 0.5)
    changes = []
    for row in range(4):
        for column in range(4):
            other = images.clone()
            other[..., 8 * row : 8 * row + 8, 8 * column : 8 * column + 8] = 0.7
            changes.append(
                [not torch.equal(a, b) for a, b in zip(reconstruct(model, other, 0.5), result)]
            )
    # At most the eight visible patches; the tokens of a toy do not tell all of them.
    assert all(4 < number <= 8 for number in torch.tensor(changes).sum(0).tolist())
    assert not torch.equal(reconstruct(model, images, 0.5, hide_pixels=False), result)


def test_mask_ratio(model, images):
    tokenizer = model.target_generator.tokenizer
    expected = tokenizer.decode(tokenizer.encode(images)[1]).clamp(0, 1)
    torch.testing.assert_close(reconstruct(model, images), expected)
    assert torch.isfinite(reconstruct(model, images, 0.01)).all()  # one token
    # With everything hidden nothing but the seed counts.
    assert torch.equal(reconstruct(model, images, 1.0), reconstruct(model, 1 - images, 1.0))


def test_variations_grow_with_the_strength(model, images):
    found = vary(model, images[0], [0.0, 0.3, 0.6, 1.0], [0, 1, 2, 3, 4, 5])
    assert found.shape == (4, 6, 3, 32, 32)
    assert torch.equal(found[0, 0], found[0, 1]) and not torch.equal(found[2, 0], found[2, 1])
    error = (found - found[0]).square().mean((1, 2, 3, 4))
    assert 0 == error[0] < error[1] < error[2] < error[3]


def test_outpaint(model):
    images = torch.rand(2, 3, 20, 24)
    result = outpaint(model, images, (4, 2, 8, 6), feather=0)
    assert torch.equal(result[:, :, 4:24, 6:30], images)
    with pytest.raises(ValueError, match='34 x 32 pixels; the model works on 32 x 32'):
        outpaint(model, images, (4, 4, 8, 6))
    with pytest.raises(ValueError, match='must not be negative'):
        outpaint(model, images, (4, 2, 8, -6))


@pytest.mark.parametrize(
    'call, message',
    [
        (lambda m, x: inpaint(m, x, torch.ones(32, 30)), 'mask has 30 x 32 pixels, the image 32'),
        (lambda m, x: inpaint(m, x, corner(), dilation=-1), 'must not be negative'),
        (lambda m, x: reconstruct(m, x, 1.2), r'must lie in \[0, 1\], got 1\.2'),
        (lambda m, x: reconstruct(m, x[..., :24], 0.5), '24 x 32 pixels; the model works on 32'),
    ],
)
def test_bad_input(model, images, call, message):
    with pytest.raises(ValueError, match=message):
        call(model, images)
