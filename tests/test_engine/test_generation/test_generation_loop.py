import random
import signal
import time
from pathlib import Path

import pytest
import torch
from mmengine.evaluator import BaseMetric
from mmengine.registry import METRICS
from mmengine.runner import Runner
from test_engine.generation_runs import images, run, start, toy_config

NUM_IMAGES = 50


@pytest.fixture(scope='module')
def whole(tmp_path_factory):
    """All images, made in one go by one process."""
    cfg = toy_config(tmp_path_factory.mktemp('whole'), num_images=NUM_IMAGES)
    assert run(cfg) == [0]
    found = images(cfg)
    assert len(found) == len(set(found.values())) == NUM_IMAGES
    return found


def config(tmp_path, **dataset):
    return toy_config(tmp_path, **(dataset or dict(num_images=NUM_IMAGES)))


@pytest.mark.slow
@pytest.mark.parametrize('world_size', [2, 3])
def test_number_of_processes_changes_no_byte(tmp_path, whole, world_size):
    cfg = config(tmp_path)
    assert run(cfg, world_size) == [0] * world_size
    assert images(cfg) == whole


def test_a_subset_has_the_bytes_of_the_whole(tmp_path, whole):
    cfg = config(tmp_path, indices=[1, 6, 49])
    assert run(cfg) == [0]
    some = images(cfg)
    assert list(some) == ['000001.png', '000006.png', '000049.png']
    assert some.items() <= whole.items()
    more = config(tmp_path, num_images=12, first_index=3)
    assert run(more) == [0]
    assert len(images(cfg)) == 14 and images(cfg).items() <= whole.items()


@pytest.mark.slow
@pytest.mark.parametrize('world_size', [1, 2])
def test_killed_five_times_and_completed(tmp_path, whole, world_size):
    cfg = config(tmp_path)
    rng = random.Random(world_size)
    folder = Path(cfg.test_cfg.out_dir) / 'images'
    kills = 0
    for _ in range(5):
        aim = len(images(cfg)) + rng.randint(0, 5)
        ranks = start(cfg, world_size)
        while len(list(folder.glob('*.png'))) < aim and all(r.is_alive() for r in ranks):
            time.sleep(0.001)
        time.sleep(rng.random() * 0.02)
        killed = rng.choice(ranks)  # SIGKILL, as when one of several machines is lost
        killed.kill()
        for process in ranks:
            process.join(0.05)
            process.kill()
            process.join()
        kills += killed.exitcode == -signal.SIGKILL  # on a busy machine it may have finished
    assert kills
    assert run(cfg, world_size) == [0] * world_size
    assert images(cfg) == whole
    assert len(list(folder.iterdir())) == NUM_IMAGES  # nothing unfinished is left


def test_a_bad_image_has_its_block_redone_and_no_other(tmp_path, whole):
    cfg = config(tmp_path)
    assert run(cfg) == [0]
    folder = Path(cfg.test_cfg.out_dir) / 'images'
    written = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    (folder / '000009.png').write_bytes((folder / '000009.png').read_bytes()[:-9])
    assert run(cfg) == [0]
    assert images(cfg) == whole
    again = {name for name, t in written.items() if (folder / name).stat().st_mtime_ns != t}
    assert again == {f'{index:06d}.png' for index in range(8, 12)}


class SeenImages(BaseMetric):
    """Hands out the images that it was shown."""

    def process(self, data_batch, data_samples):
        for sample in data_samples:
            self.results.append((sample['sample_idx'], sample['pred_image']))

    def compute_metrics(self, results):
        assert len({index for index, _ in results}) == len(results)
        ordered = [image for _, image in sorted(results, key=lambda result: result[0])]
        return dict(images=torch.stack(ordered))


def scored(cfg):
    METRICS.register_module(module=SeenImages, force=True)
    cfg.test_evaluator = [dict(type='mmengine.SeenImages')]
    return Runner.from_cfg(cfg).test()['images']


def test_metrics_see_kept_images_as_if_they_were_new(tmp_path, whole):
    cfg = config(tmp_path, num_images=10)
    cfg.experiment_name = 'first'
    first = scored(cfg)
    (Path(cfg.test_cfg.out_dir) / 'images' / '000005.png').unlink()
    cfg.experiment_name = 'second'
    assert torch.equal(scored(cfg), first)
    cfg.experiment_name = 'third'  # nothing is left to make
    assert torch.equal(scored(cfg), first)
    assert first.shape == (10, 3, 16, 16)
    assert images(cfg).items() <= whole.items()


def test_reduced_precision(tmp_path, whole):
    cfg = config(tmp_path, num_images=4)
    cfg.test_cfg.precision = 'bf16'
    assert run(cfg) == [0]
    found = images(cfg)
    assert len(found) == 4 and not found.items() & whole.items()
    assert '"precision": "bf16"' in (tmp_path / 'out' / 'manifest.json').read_text()


def test_bad_arguments(tmp_path, monkeypatch):
    cfg = config(tmp_path)
    runner = Runner.from_cfg(cfg)
    with pytest.raises(ValueError, match="Unknown precision 'tf32'"):
        runner.build_test_loop(cfg.test_cfg | dict(precision='tf32'))
    with pytest.raises(ValueError, match='num_trajectories must be at least 0, got -1'):
        runner.build_test_loop(cfg.test_cfg | dict(num_trajectories=-1))
    METRICS.register_module(module=SeenImages, force=True)
    runner._test_evaluator = [dict(type='mmengine.SeenImages')]
    monkeypatch.setattr('mmaddp.engine.generation.generation_loop.get_world_size', lambda: 2)
    with pytest.raises(ValueError, match='SeenImages gathers'):
        runner.build_test_loop(cfg.test_cfg)
