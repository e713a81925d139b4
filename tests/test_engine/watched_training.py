"""Trainings of a toy ADDP with hooks that look at it."""

import json

import numpy as np
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner
from PIL import Image
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


def scalars(cfg):
    """What the local back end has written, entry by entry."""
    (file,) = (ROOT / cfg.work_dir).glob('*/vis_data/scalars.json')
    return [json.loads(line) for line in file.read_text().splitlines()]
