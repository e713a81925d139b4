import pytest
import torch
import torch.multiprocessing as mp
from torch import distributed as dist

from mmaddp.models.tokenizers.codebook_care import CodeRevival, draw_vectors, kmeans_codebook
from mmaddp.models.tokenizers.quantizer import Quantizer


def test_kmeans_finds_clusters():
    torch.manual_seed(0)
    centres = torch.tensor([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])
    vectors = (centres[:, None] + 0.1 * torch.randn(3, 100, 2)).flatten(0, 1)
    quantizer = Quantizer(12, 2)
    kmeans_codebook(quantizer, vectors)
    distances = torch.cdist(vectors, quantizer.embedding.weight).amin(1)
    assert distances.max() < 0.5
    assert len(quantizer.nearest(vectors).unique()) >= 10


def test_more_codes_than_vectors_stay_distinct():
    drawn = draw_vectors(torch.randn(5, 3), 20)
    assert drawn.shape == (20, 3)
    assert len(drawn.unique(dim=0)) == 20


def test_dead_codes_become_latents_of_the_batch_and_live_ones_stay():
    quantizer = Quantizer(8, 3)
    revival = CodeRevival(8, interval=2)
    before = quantizer.embedding.weight.detach().clone()
    vectors = 5 + torch.randn(16, 3)
    revival(quantizer, vectors, torch.tensor([0, 1, 1]), due=False)
    assert torch.equal(quantizer.embedding.weight, before)
    revival(quantizer, vectors, torch.tensor([[3]]), due=True)
    after = quantizer.embedding.weight
    assert torch.equal(after[[0, 1, 3]], before[[0, 1, 3]])
    for code in after[[2, 4, 5, 6, 7]]:
        assert (vectors == code).all(1).any()
    assert revival.counts.sum() == 0


def test_interval_must_be_positive():
    with pytest.raises(ValueError, match='got 0'):
        CodeRevival(8, interval=0)


def care_on_rank(rank, init_file, folder):
    dist.init_process_group('gloo', f'file://{init_file}', rank=rank, world_size=2)
    torch.manual_seed(rank)
    quantizer = Quantizer(8, 3)
    kmeans_codebook(quantizer, torch.randn(32, 3))
    initial = quantizer.embedding.weight.detach().clone()
    revival = CodeRevival(8, interval=1)
    # Rank 0 uses code 0, rank 1 uses code 1: both live.
    revival(quantizer, torch.randn(32, 3), torch.tensor([rank]), due=True)
    torch.save((initial, quantizer.embedding.weight.detach()), f'{folder}/{rank}.pth')
    dist.destroy_process_group()


@pytest.mark.slow
def test_two_ranks_agree(tmp_path):
    mp.start_processes(
        care_on_rank, (tmp_path / 'init', str(tmp_path)), nprocs=2, start_method='fork'
    )
    (initial, revived), (other_initial, other_revived) = (
        torch.load(tmp_path / f'{rank}.pth', weights_only=True) for rank in range(2)
    )
    assert torch.equal(initial, other_initial)
    assert torch.equal(revived, other_revived)
    unchanged = (revived == initial).all(1)
    assert unchanged.tolist() == [True, True] + [False] * 6
