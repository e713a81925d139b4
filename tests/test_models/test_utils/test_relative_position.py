import pytest
import torch

from mmaddp.models.utils import MaskedAttention, RelativePositionBias

GRID = (3, 4)


@pytest.fixture
def bias():
    torch.manual_seed(0)
    module = RelativePositionBias(GRID, num_heads=2)
    assert not module.table.any()
    torch.nn.init.normal_(module.table)
    return module


def entry(table, grid, query, key):
    """Bias between two tokens, None being the class token, by its definition."""
    height, width = grid
    if query is None:
        return table[-1] if key is None else table[-3]
    if key is None:
        return table[-2]
    down, right = (a - b for a, b in zip(query, key))
    return table[(down + height - 1) * (2 * width - 1) + right + width - 1]


def written_out(table, grid):
    places = [None, *((y, x) for y in range(grid[0]) for x in range(grid[1]))]
    rows = [torch.stack([entry(table, grid, q, k) for k in places]) for q in places]
    return torch.stack(rows).permute(2, 0, 1)


def test_own_grid(bias):
    assert torch.equal(bias(GRID), written_out(bias.table, GRID))


def test_gradients_are_those_of_an_embedding_whatever_the_number_of_threads():
    module = RelativePositionBias((14, 14), num_heads=3)
    weights = torch.randn(3, 197, 197)
    by_place = torch.nn.functional.embedding(module.index, module.table).permute(2, 0, 1)
    (expected,) = torch.autograd.grad((by_place * weights).sum(), module.table)
    before = torch.get_num_threads()
    for threads in (1, 2):
        torch.set_num_threads(threads)
        (found,) = torch.autograd.grad((module((14, 14)) * weights).sum(), module.table)
        torch.set_num_threads(before)
        assert torch.equal(found, expected)


@pytest.mark.parametrize('grid', [(5, 4), (2, 7), (1, 1)])
def test_other_grids_resize_the_offsets_and_keep_the_class_entries(bias, grid):
    offsets = bias.table[:-3].t().reshape(1, 2, 5, 7)
    sides = [2 * side - 1 for side in grid]
    resized = torch.nn.functional.interpolate(offsets, sides, mode='bicubic', align_corners=False)
    table = torch.cat((resized.reshape(2, -1).t(), bias.table[-3:]))
    torch.testing.assert_close(bias(grid), written_out(table, grid), atol=1e-6, rtol=0)


def test_no_buffer_in_checkpoints(bias):
    assert set(bias.state_dict()) == {'table'}


def test_same_table_and_attention_as_in_mmsegmentation(bias):
    pytest.importorskip('mmseg')
    from mmseg.models.backbones.beit import BEiTAttention

    theirs, ours = BEiTAttention(16, 2, GRID, bias=True), MaskedAttention(16, 2)
    ours.load_state_dict({k: v for k, v in theirs.state_dict().items() if 'relative' not in k})
    theirs.relative_position_bias_table.data.copy_(bias.table)
    tokens = torch.rand(2, 13, 16)
    torch.testing.assert_close(ours(tokens, bias(GRID)), theirs(tokens), atol=1e-5, rtol=0)
