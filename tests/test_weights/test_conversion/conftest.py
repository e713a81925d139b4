"""Official files at the widths of the reference."""

import argparse
from pathlib import Path

import pytest
import torch

from mmaddp.weights.checkpoint import load_checkpoint_file

REFERENCE = Path(__file__).parents[2] / 'data' / 'reference' / 'addp-official-layout.pth'


@pytest.fixture(scope='session')
def official():
    """Tensors of the official ADDP checkpoint by official name."""
    return load_checkpoint_file(REFERENCE)['model']


@pytest.fixture(scope='session')
def classifier(official):
    """Tensors of an official fine-tuned classifier with 10 classes."""
    encoder = ('cls_token', 'pos_embed', 'patch_embed.', 'blocks.')
    tensors = {name: value for name, value in official.items() if name.startswith(encoder)}
    generator = torch.Generator().manual_seed(0)
    for name, shape in {'fc_norm': (32,), 'head': (10, 32)}.items():
        tensors[f'{name}.weight'] = torch.randn(shape, generator=generator)
        tensors[f'{name}.bias'] = torch.randn(shape[0], generator=generator)
    return tensors


@pytest.fixture
def saved(tmp_path):
    """Save tensors as the official pre-training does; return the path."""

    def save(tensors, name='official.pth', key='model'):
        content = dict(epoch=1, args=argparse.Namespace(lr=1.0))
        torch.save({key: tensors, **content} if key else tensors, tmp_path / name)
        return tmp_path / name

    return save
