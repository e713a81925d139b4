from itertools import pairwise

import pytest
import torch

from mmaddp.models.task_modules import AlternatingSampler, GenerationState, SampleNoise

LENGTH, NUM_CODES = 16, 6


def run(sampler, seeds=(0, 1, 2), **options):
    """Generate with a network whose logits depend on the position only."""
    table = torch.randn(LENGTH, NUM_CODES, generator=torch.Generator().manual_seed(0))
    asked = []

    def denoise(images, token_ids, mask, num_visible):
        asked.append((images, int((~mask[0]).sum()), num_visible))
        return table.expand(len(token_ids), -1, -1)

    def decode(token_ids, probs, mask):
        return torch.where(mask, -1, token_ids).float()

    device = torch.device('cpu')
    start = GenerationState.blank(len(seeds), LENGTH, device)
    noise = SampleNoise(seeds, LENGTH, device)
    return list(sampler.iterate(start, denoise, decode, noise.draw, **options)), asked


def test_each_position_is_uncovered_once_and_keeps_its_id():
    states, asked = run(AlternatingSampler(num_steps=7))
    for before, after in pairwise(states):
        assert not (after.mask & ~before.mask).any()
        kept = ~before.mask
        assert torch.equal(before.token_ids[kept], after.token_ids[kept])
    assert states[-1].mask.sum(1).tolist() == [1, 1, 1]
    assert asked[0][0] is None
    assert all(counted == told for _, counted, told in asked)


def test_an_image_depends_on_its_seed_alone():
    sampler = AlternatingSampler(num_steps=7)
    together, alone = run(sampler, (3, 4, 5))[0][-1], run(sampler, (4,))[0][-1]
    assert torch.equal(together.token_ids[1], alone.token_ids[0])
    assert not torch.equal(together.token_ids[0], together.token_ids[1])


def test_temperature():
    dynamic = AlternatingSampler(num_steps=4, choice_temperature=6)
    assert [dynamic.temperature(step) for step in range(4)] == [4.5, 3, 1.5, 0]
    constant = AlternatingSampler(num_steps=4, choice_temperature=6, dynamic_temperature=False)
    assert {constant.temperature(step) for step in range(4)} == {6}


def test_small_nucleus_takes_the_best_code():
    greedy = AlternatingSampler(num_steps=3, top_p=1e-6)
    state = run(greedy)[0][-1]
    assert (state.token_ids == state.token_ids[0]).all()
    assert torch.equal(state.token_ids, state.probs.argmax(-1))


def test_top_k_leaves_the_best_codes():
    sampler = AlternatingSampler(num_steps=3, top_k=2)
    state = run(sampler, seeds=range(20))[0][-1]
    best = state.probs[0].topk(2, dim=-1).indices
    drawn = [set(column.tolist()) for column in state.token_ids.T]
    assert all(ids <= set(pair.tolist()) for ids, pair in zip(drawn, best))
    assert any(len(ids) == 2 for ids in drawn)


def test_nucleus_is_taken_of_what_top_k_leaves():
    sampler = AlternatingSampler(num_steps=3, top_k=2, top_p=0.6)
    probs = torch.tensor([[[0.4, 0.2, 0.2, 0.2]]])  # of two codes the first has 2 / 3
    uniform = torch.tensor([[0.999]])
    assert sampler.draw(probs, uniform).item() == 0


def test_what_is_known_stays_known_under_any_schedule():
    def backwards(progress):
        return 0.3 + 0.6 * abs(progress - 0.5)

    sampler = AlternatingSampler(num_steps=6, schedule=backwards)
    lengths = sampler.lengths(LENGTH)
    assert lengths == sorted(lengths, reverse=True) and lengths[-1] == lengths[2] == 5
    states, _ = run(sampler)
    assert [state.num_masked for state in states] == lengths


def test_images_that_nobody_looks_at_are_left_out():
    sampler = AlternatingSampler(num_steps=8)
    assert sampler.lengths(LENGTH)[:2] == [16, 15]
    seen = [state.images is not None for state in run(sampler, every_image=False)[0]]
    assert seen == [False] + [True] * 7
    assert all(state.images is not None for state in run(sampler)[0])


def test_light_steps_see_the_picture_of_the_last_one_that_was_decoded():
    sampler = AlternatingSampler(num_steps=8, decode_every=3)
    states, asked = run(sampler, every_image=False)
    # The first picture after which anything is visible, then every third, and the last.
    assert [state.images is not None for state in states] == [0, 1, 1, 0, 0, 1, 0, 1]
    seen = [None if images is None else images.tolist() for images, *_ in asked]
    first, third, sixth = (states[step].images.tolist() for step in (1, 2, 5))
    assert seen == [None, None, first, third, third, third, sixth, sixth]
    watched, asked_then = run(sampler)
    assert all(state.images is not None for state in watched)
    assert torch.equal(watched[-1].images, states[-1].images)
    # A viewer's pictures are not shown to the network.
    assert [None if images is None else images.tolist() for images, *_ in asked_then] == seen


@pytest.mark.parametrize(
    'wrong',
    [
        dict(num_steps=0),
        dict(choice_temperature=-1.0),
        dict(choice_temperature=float('nan')),
        dict(top_p=0.0),
        dict(top_p=1.1),
        dict(top_k=0),
        dict(decode_every=0),
        dict(order='random'),
        dict(guidance=-0.5),
        dict(guidance=float('inf')),
        dict(guidance_start=1.5),
    ],
)
def test_bad_arguments(wrong):
    ((name, value),) = wrong.items()
    with pytest.raises(ValueError, match=f'{name}.*{value}'):
        AlternatingSampler(**wrong)
