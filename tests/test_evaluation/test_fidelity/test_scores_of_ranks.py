"""Two gloo processes and one give the same scores."""

import json

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from free_port import free_port
from toy_extractor import ToyExtractor

from mmaddp.evaluation.fidelity import (
    FolderImages,
    Scorer,
    ScoreSettings,
    gather_features,
    load_references,
    score_images,
)
from mmaddp.registry import METRICS

pytestmark = pytest.mark.slow

SCORES = ('fid', 'is', 'kid', 'prc')
SETTINGS = dict(kid_subset_size=20, is_splits=3)
NUM_IMAGES, BATCH_SIZE = 45, 8


def score_folders(generated, real, cache_dir):
    scorers = [Scorer(ToyExtractor(), SCORES, ScoreSettings(**SETTINGS))]
    references = load_references(FolderImages(real), scorers, cache_dir, BATCH_SIZE)
    return score_images(FolderImages(generated), scorers, references, BATCH_SIZE).get('scores')


def score_in_memory(generated, real, indices):
    """Images ``indices`` of the folder, as a test loop would hand them over in this process."""
    metric = METRICS.build(
        dict(
            type='mmaddp.FidelityMetric',
            scores=SCORES,
            reference=str(real),
            extractor=dict(type='mmaddp.ToyExtractor'),
            settings=SETTINGS,
        )
    )
    images = FolderImages(generated)
    for start in range(0, len(indices), BATCH_SIZE):
        metric.process(
            None,
            [
                dict(sample_idx=i, pred_image=images.read(images.files[i]).float() / 255)
                for i in indices[start : start + BATCH_SIZE]
            ],
        )
    return metric.evaluate(NUM_IMAGES)


def run_rank(rank, port, folder, generated, real):
    torch.set_num_threads(1)
    address = f'tcp://127.0.0.1:{port}'
    dist.init_process_group('gloo', init_method=address, rank=rank, world_size=2)
    # Two images here and three there, one of them twice.
    indices = torch.tensor([[4, 0], [3, 1, 4]][rank])
    values = dict(a=indices[:, None] * 10.0)
    order, gathered = gather_features(indices, values)
    alone = gather_features(indices[:0] if rank else indices, {} if rank else values)
    turns = list(range(rank, NUM_IMAGES, 2))
    found = dict(
        order=order.tolist(),
        gathered=gathered['a'][:, 0].tolist(),
        alone=alone[1]['a'][:, 0].tolist(),
        folders=score_folders(generated, real, f'{folder}/cache'),
        # A sampler that deals images in turn and pads with the first ones.
        padded=score_in_memory(generated, real, turns + [0] * (23 - len(turns))),
        one_has_none=score_in_memory(generated, real, [] if rank else range(NUM_IMAGES)),
    )
    with open(f'{folder}/rank{rank}.json', 'w') as file:
        json.dump(found, file)
    dist.destroy_process_group()


@pytest.fixture
def folders(write_images):
    return str(write_images('generated', NUM_IMAGES, 0, top=200)), str(write_images('real', 40, 1))


def test_two_processes(tmp_path, folders):
    port = free_port()
    mp.start_processes(run_rank, (port, str(tmp_path), *folders), nprocs=2, start_method='fork')
    expected = score_folders(*folders, None)
    first, second = (json.loads((tmp_path / f'rank{r}.json').read_text()) for r in (0, 1))
    for found in (first, second):
        assert found['order'] == [0, 1, 3, 4]
        assert found['gathered'] == [0, 10, 30, 40]
        assert found['alone'] == [0, 40]
        for name, value in expected.items():
            for way in ('padded', 'one_has_none'):
                assert found[way][f'fidelity/{name}'] == pytest.approx(value, rel=1e-6), (way, name)
    assert second['folders'] is None and len(expected) == 8
    assert first['folders'] == expected  # the blocks are the same, so even the bits are
