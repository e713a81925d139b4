"""The study for a few iterations on pictures of noise: arms, resuming, the table."""

import gzip
import importlib.util
import json
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch

from mmaddp.models.backbones import ADDPViT
from mmaddp.models.token_predictors import MAGEPredictor

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope='module')
def fashion(tmp_path_factory):
    """Fashion-MNIST's four files, with noise."""
    folder = tmp_path_factory.mktemp('fashion')
    rng = np.random.default_rng(0)
    for prefix, count in (('train', 160), ('t10k', 80)):
        arrays = dict(
            images=rng.integers(0, 256, (count, 28, 28), np.uint8),
            labels=np.arange(count, dtype=np.uint8) % 10,
        )
        for kind, array in arrays.items():
            header = bytes((0, 0, 8, array.ndim)) + struct.pack(f'>{array.ndim}I', *array.shape)
            file = folder / f'{prefix}-{kind}-idx{array.ndim}-ubyte.gz'
            file.write_bytes(gzip.compress(header + array.tobytes()))
    return folder


def study(folder, fashion, python, *arguments):
    command = [python, ROOT / 'tools' / 'study.py', '--smoke', '--seeds', '0']
    command += ['--work-dir', folder, '--fashion', fashion, *arguments]
    return subprocess.run(list(map(str, command)), cwd=ROOT, capture_output=True, text=True)


@pytest.fixture(scope='module')
def finished(tmp_path_factory, fashion, ready_python):
    folder = tmp_path_factory.mktemp('study') / 'out'
    early = study(folder, fashion, ready_python, '--arms', 'untrained')
    result = study(folder, fashion, ready_python, '--arms', 'addp', 'mage', 'mae')
    assert result.returncode == 0, result.stdout + result.stderr
    return folder, early, result.stdout


def test_every_arm_leaves_its_figures(finished):
    arms = json.loads((finished[0] / 'results.json').read_text())['arms']
    stages = {arm: set(seeds['0']) for arm, seeds in arms.items()}
    fine_tuned = {'train', 'features', 'fine_tuning'}
    assert stages == dict(addp={*fine_tuned, 'samples'}, mae=fine_tuned, mage={'train', 'features'})
    for seeds in arms.values():
        features = seeds['0']['features']['figures']
        assert len(features) == 2 * 3 * 4 and all(0 <= value <= 1 for value in features.values())


def test_what_needs_the_predictor_says_so(finished):
    assert finished[1].returncode != 0
    assert 'untrained needs the predictor of' in finished[1].stderr
    assert 'run the arm mage first' in finished[1].stderr


def test_the_same_command_leaves_what_is_done(finished, fashion, ready_python):
    folder, _, before = finished
    result = study(folder, fashion, ready_python, '--arms', 'addp', 'mage', 'mae')
    assert result.returncode == 0 and '...' not in result.stdout
    assert table_of(result.stdout) == table_of(before)


def table_of(output):
    return [line for line in output.splitlines() if line.startswith('|')]


def module(name):
    """One of the study's own modules, under a name that no other has."""
    file = ROOT / 'tools' / 'study' / f'{name}.py'
    spec = importlib.util.spec_from_file_location(f'study_{name}', file)
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


@torch.no_grad()
def test_blocks_end_where_the_encoders_do():
    features = module('features')
    torch.manual_seed(0)
    sizes = dict(embed_dims=16, num_layers=2, num_heads=2)
    arch = dict(sizes, feedforward_channels=32)
    encoder = ADDPViT(arch, img_size=16, patch_size=4, in_channels=1, out_type='raw').eval()
    images = torch.rand(3, 1, 16, 16)
    *_, last = features.layers_of_vit(encoder, 0.2, 0.3)(images)
    assert torch.equal(encoder.ln1(last), encoder((images - 0.2) / 0.3)[0])
    decoder = dict(decoder_embed_dims=16, decoder_num_layers=1, decoder_num_heads=2)
    mage = MAGEPredictor(num_codes=8, num_tokens=16, num_class_ids=1, **sizes, **decoder)
    mage.init_weights()
    ids = torch.randint(8, (3, 16))
    *_, last = features.layers_of_mage(mage.eval(), lambda images: ids)(images)
    assert torch.equal(mage.norm(last), mage.encode(ids, torch.zeros(3, 16, dtype=torch.bool)))
    first, second = features.block_means(features.layers_of_vit(encoder, 0.2, 0.3), images)
    assert first.shape == second.shape == (3, 16) and not torch.allclose(first, second)


def test_the_page_shows_the_recorded_figures():
    results = module('results')
    recorded = json.loads((ROOT / 'docs' / 'study.json').read_text())
    assert results.table(recorded) in (ROOT / 'docs' / 'study.md').read_text()
