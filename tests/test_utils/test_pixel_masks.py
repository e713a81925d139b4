import torch

from mmaddp.utils.pixel_masks import blend, covered_pixels, fill_hidden, grow, touched_tokens


def square_mask(top, bottom, left, right, size=16):
    mask = torch.zeros(1, size, size, dtype=torch.bool)
    mask[:, top:bottom, left:right] = True
    return mask


def test_every_token_whose_patch_is_touched():
    mask = square_mask(3, 5, 8, 9)
    expected = torch.zeros(4, 4, dtype=torch.bool)
    expected[0:2, 2] = True
    assert torch.equal(touched_tokens(mask, (4, 4))[0], expected.flatten())
    covered = covered_pixels(expected.flatten()[None], (4, 4), (16, 16))
    assert torch.equal(covered, square_mask(0, 8, 8, 12))
    assert (covered | ~mask).all()


def test_grow():
    mask = square_mask(3, 5, 8, 9)
    assert torch.equal(grow(mask, 2), square_mask(1, 7, 6, 11))
    assert torch.equal(grow(mask, 0), mask)


def test_fill_continues_what_is_around_and_reads_nothing_hidden():
    ramp = torch.linspace(0, 1, 16).expand(1, 3, 16, 16)
    mask = square_mask(4, 16, 0, 16)
    filled = fill_hidden(torch.where(mask.unsqueeze(1), torch.nan, ramp), mask)
    assert torch.equal(filled[:, :, :4], ramp[:, :, :4])
    assert (filled - ramp).abs().max() < 0.2  # columns go on downwards
    hole = square_mask(6, 10, 6, 10)
    inside = fill_hidden(torch.full((1, 3, 16, 16), 0.3), hole)
    torch.testing.assert_close(inside, torch.full_like(inside, 0.3))


def test_an_image_that_is_hidden_altogether_becomes_grey():
    images = torch.rand(2, 3, 16, 16)
    mask = torch.cat((square_mask(0, 16, 0, 16), square_mask(0, 3, 0, 3)))
    filled = fill_hidden(images, mask)
    assert (filled[0] == 0.5).all() and torch.equal(filled[1, :, 3:], images[1, :, 3:])


def test_blend_has_no_seam_and_keeps_what_is_far():
    known, generated = torch.full((1, 3, 16, 16), 0.2), torch.full((1, 3, 16, 16), 0.8)
    mask = square_mask(0, 16, 8, 16)
    known[..., 8:] = torch.nan
    row = blend(known, generated, mask, feather=3)[0, 0, 0]
    assert torch.equal(row[:5], torch.full((5,), 0.2)) and (row[8:] == 0.8).all()
    torch.testing.assert_close(row[4:9].diff(), torch.full((4,), 0.15))
    hard = blend(known, generated, mask, feather=0)[0, 0, 0]
    assert (hard[:8] == torch.tensor(0.2)).all() and (hard[8:] == torch.tensor(0.8)).all()
