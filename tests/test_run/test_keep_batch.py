import pytest
import torch
from mmengine.config import Config

from mmaddp.engine.images_per_update import check_images_per_update
from mmaddp.run.keep_batch import keep_batch

POSITION = dict(
    batches=3, num_ranks=2, batch_size=6, accumulation=1, validated=True, counts={'': 3}
)


@pytest.fixture
def resumed(tmp_path):
    """A configuration that resumes from a checkpoint with a position."""

    def make(position, batch_size=4):
        (tmp_path / 'work').mkdir(exist_ok=True)
        content = dict(state_dict={}, meta={}, position=position)
        torch.save(content, tmp_path / 'work' / 'epoch_1.pth')
        return Config(
            dict(
                work_dir=str(tmp_path / 'work'),
                resume=True,
                load_from=None,
                train_dataloader=dict(batch_size=batch_size),
                train_cfg=dict(type='mmaddp.EpochBasedTrainLoop', max_epochs=3),
                optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)),
            )
        )

    return make


@pytest.mark.parametrize(
    'ranks, largest, images, passes',
    [(1, 4, 12, 3), (1, 6, 12, 2), (1, 16, 12, 1), (2, 6, 6, 1), (3, 4, 4, 1), (4, 8, 3, 1)],
)
def test_batch_of_the_checkpoint_is_divided(resumed, monkeypatch, ranks, largest, images, passes):
    cfg = resumed(POSITION, largest)
    if ranks > 1:
        cfg.launcher = 'pytorch'
        monkeypatch.setenv('WORLD_SIZE', str(ranks))
    note = keep_batch(cfg)
    assert cfg.load_from.endswith('epoch_1.pth')
    assert cfg.train_dataloader.batch_size == images
    assert cfg.train_cfg.get('passes', 1) == passes
    assert '12 images per update (2 ranks x 6 images x 1 batches accumulated) before' in note
    assert f'{ranks} processes x {passes} passes x {images // passes} images' in note


def test_first_start_keeps_the_configured_batch(resumed):
    cfg = resumed(POSITION)
    cfg.resume = False
    assert 'no checkpoint yet' in keep_batch(cfg)
    assert cfg.train_dataloader.batch_size == 4


@pytest.mark.parametrize('position', [None, [], dict(POSITION, batch_size=None), dict(num_ranks=2)])
def test_a_checkpoint_that_does_not_tell_is_refused(resumed, position):
    with pytest.raises(ValueError, match=r'epoch_1\.pth does not tell with how many images'):
        keep_batch(resumed(position))


def test_number_of_processes_must_divide_the_images(resumed, monkeypatch):
    monkeypatch.setenv('WORLD_SIZE', '5')
    cfg = resumed(POSITION)
    cfg.launcher = 'pytorch'
    with pytest.raises(ValueError, match='--keep-batch: 12 images cannot be divided among 5'):
        keep_batch(cfg)


@pytest.mark.parametrize('change', [dict(num_ranks=1), dict(batch_size=3), dict(accumulation=2)])
def test_other_updates_are_refused(change):
    now = dict(POSITION) | change
    images = now['num_ranks'] * now['batch_size'] * now['accumulation']
    with pytest.raises(ValueError, match=f'a.pth was trained with 12 .* this run has {images} '):
        check_images_per_update(POSITION, now, 'a.pth')
    with pytest.raises(ValueError):
        check_images_per_update(POSITION, dict(now, batch_size=12, accumulation=2), 'a.pth')


@pytest.mark.parametrize('change', [{}, dict(num_ranks=4, batch_size=3), dict(batch_size=None)])
def test_the_same_updates_are_not(change):
    check_images_per_update(POSITION, POSITION | change, 'a.pth')
