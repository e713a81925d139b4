import torch

from mmaddp.models.task_modules import draw_ids, least_confident, nucleus_mask, top_mask


def test_draw_follows_the_distribution():
    probs = torch.tensor([0.1, 0.0, 0.6, 0.3]).expand(1, 40000, 4)
    uniform = torch.rand(1, 40000, generator=torch.Generator().manual_seed(0))
    share = draw_ids(probs, uniform).flatten().bincount(minlength=4) / 40000
    assert share[1] == 0
    torch.testing.assert_close(share, probs[0, 0], atol=0.01, rtol=0)


def test_draw_inverts_the_cumulative_sum():
    probs = torch.tensor([[[0.0, 0.25, 0.75]] * 4])
    uniform = torch.tensor([[0.0, 0.2499, 0.25, 0.9999]])
    assert draw_ids(probs, uniform).tolist() == [[1, 1, 2, 2]]


def test_nucleus_keeps_codes_while_the_sum_before_them_is_small():
    probs = torch.tensor([0.2, 0.5, 0.05, 0.25])
    assert nucleus_mask(probs, 0.5).tolist() == [False, True, False, False]
    assert nucleus_mask(probs, 0.51).tolist() == [False, True, False, True]
    assert nucleus_mask(probs, 0.01).tolist() == [False, True, False, False]
    assert nucleus_mask(probs, 1.0).all()


def test_top_k_keeps_exactly_k():
    probs = torch.tensor([[0.2, 0.5, 0.05, 0.25], [0.25, 0.25, 0.25, 0.25]])
    assert top_mask(probs, 2)[0].tolist() == [False, True, False, True]
    assert top_mask(probs, 3).sum(-1).tolist() == [3, 3]
    assert top_mask(probs, 9).all()


def test_known_positions_stay_known():
    probs = torch.full((1, 4, 2), 0.5)
    mask = torch.tensor([[True, False, True, True]])
    noise = torch.tensor([[3.0, -100.0, 1.0, 2.0]])
    ids = torch.zeros(1, 4, dtype=torch.long)
    stays = least_confident(probs, ids, mask, noise, num_masked=2)
    assert stays.tolist() == [[False, False, True, True]]
