import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from test_engine.generation_runs import ROOT
from toy_models import NUM_CODES, toy_addp

from mmaddp.datasets.token_cache import write_token_cache


class KeepWeights(Hook):
    """Hands out what training left."""

    def after_train(self, runner):
        runner.cfg.left = [p.detach().clone() for p in runner.model.parameters()]


def training(tmp_path, name, inputs='tokens', hooks=(), backends=('LocalVisBackend',)):
    """A training of three epochs of two iterations, in train mode with dropout."""
    if inputs == 'tokens':
        folder = tmp_path / 'tokens'
        ids = torch.randint(NUM_CODES, (8, 1, 16), generator=torch.Generator().manual_seed(0))
        write_token_cache(folder, ids, [f'{i}.png' for i in range(8)], NUM_CODES)
        dataset = dict(type='mmaddp.TokenDataset', data_root=str(folder), num_codes=NUM_CODES)
    else:
        pixels = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3), dtype=np.uint8)
        (tmp_path / 'images').mkdir()
        for index, image in enumerate(pixels):
            Image.fromarray(image).save(tmp_path / 'images' / f'{index}.png')
        dataset = dict(
            type='CustomDataset',
            data_root=str(tmp_path / 'images'),
            with_label=False,
            pipeline=[dict(type='mmaddp.LoadRGBImage'), dict(type='PackInputs')],
        )
    model = toy_addp()
    model['neck']['drop_rate'] = 0.1
    return Config(
        dict(
            default_scope='mmpretrain',
            model=model,
            train_dataloader=dict(
                batch_size=4,
                num_workers=0,
                sampler=dict(type='DefaultSampler', shuffle=True),
                dataset=dict(type='mmaddp.SeededDataset', seed=0, dataset=dataset),
                collate_fn=dict(type='default_collate'),
            ),
            optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)),
            train_cfg=dict(by_epoch=True, max_epochs=3),
            default_hooks=dict(checkpoint=None),
            custom_hooks=[*hooks, dict(type='mmengine.KeepWeights')],
            visualizer=dict(
                type='UniversalVisualizer', vis_backends=[dict(type=kind) for kind in backends]
            ),
            work_dir=str(tmp_path / name),
            experiment_name=name,
            randomness=dict(seed=0),
            log_level='ERROR',
        )
    )


def train(cfg):
    HOOKS.register_module(module=KeepWeights, force=True)
    runner = Runner.from_cfg(cfg)
    runner.train()
    return runner


def sheets(cfg):
    files = (ROOT / cfg.work_dir).glob('*/vis_data/vis_image/*.png')
    return {file.name: np.asarray(Image.open(file)) for file in files}


@pytest.mark.parametrize(
    'inputs, by_epoch, steps', [('images', True, (4,)), ('tokens', False, (2, 4, 6))]
)
def test_sheets_go_to_the_visualizer(tmp_path, inputs, by_epoch, steps):
    hook = dict(type='mmaddp.GenerationPreviewHook', interval=2, by_epoch=by_epoch, num_images=3)
    cfg = training(tmp_path, f'{inputs}_sheets', inputs, [hook])
    train(cfg)
    found = sheets(cfg)
    names = ('samples', 'reconstructions', 'targets')
    assert sorted(found) == sorted(f'{name}_{step}.png' for name in names for step in steps)
    side, last = 34, steps[-1]
    assert found[f'samples_{last}.png'].shape == (side + 2, 3 * side + 2, 3)
    assert found[f'targets_{last}.png'].shape == (3 * side + 2, 3 * side + 2, 3)
    rows = 2 if inputs == 'images' else 1
    assert found[f'reconstructions_{last}.png'].shape == (rows * side + 2, 3 * side + 2, 3)
    if inputs == 'images':  # the first row holds images of the training set
        shown = found[f'reconstructions_{last}.png'][2:34, 2:34]
        stored = [np.asarray(Image.open(f)) for f in (tmp_path / 'images').iterdir()]
        assert any(np.abs(shown.astype(int) - image).max() <= 1 for image in stored)
    else:  # the tokenizer is frozen, the network is not
        assert np.array_equal(found['reconstructions_2.png'], found['reconstructions_6.png'])
        assert not np.array_equal(found['samples_2.png'], found['samples_6.png'])


def test_training_is_the_same_with_it(tmp_path):
    hook = dict(type='mmaddp.GenerationPreviewHook', interval=1, by_epoch=False)
    runs = [
        train(training(tmp_path, name, hooks=hooks))
        for name, hooks in (('with_hook', [hook]), ('without_hook', []))
    ]
    for one, other in zip(*(run.cfg.left for run in runs)):
        assert torch.equal(one, other)
    assert runs[0].model.training and not runs[0].model.target_generator.tokenizer.training


def test_tensorboard(tmp_path):
    hook = dict(type='mmaddp.GenerationPreviewHook', interval=3)
    cfg = training(tmp_path, 'board', hooks=[hook], backends=('TensorboardVisBackend',))
    train(cfg)
    (file,) = (tmp_path / 'board').glob('*/vis_data/events*')
    events = EventAccumulator(str(file))
    events.Reload()
    assert {'samples', 'reconstructions', 'targets'} <= set(events.Tags()['images'])


@pytest.mark.parametrize('wrong', [dict(interval=0), dict(num_images=0)])
def test_bad_arguments(wrong):
    ((name, value),) = wrong.items()
    with pytest.raises(ValueError, match=f'{name} must be at least 1, got {value}'):
        HOOKS.build(dict(type='mmaddp.GenerationPreviewHook', **wrong))
