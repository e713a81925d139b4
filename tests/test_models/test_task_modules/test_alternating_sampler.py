from itertools import pairwise

import pytest
import torch

from mmaddp.models.task_modules import AlternatingSampler, GenerationState, SampleNoise

LENGTH, NUM_CODES = 16, 6


def run(sampler, seeds=(0, 1, 2)):
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
    return list(sampler.iterate(start, denoise, decode, noise.draw)), asked


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


@pytest.mark.parametrize(
    'wrong', [dict(num_steps=0), dict(choice_temperature=-1.0), dict(top_p=0.0), dict(top_p=1.1)]
)
def test_bad_arguments(wrong):
    ((name, value),) = wrong.items()
    with pytest.raises(ValueError, match=f'{name}.*{value}'):
        AlternatingSampler(**wrong)
