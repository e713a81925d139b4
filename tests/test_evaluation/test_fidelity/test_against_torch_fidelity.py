"""Our scores and those of torch-fidelity's own command line, on the same weights and images."""

import json
import os
import subprocess

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

from mmaddp.evaluation.fidelity import (
    FidelityExtractor,
    FolderImages,
    Scorer,
    ScoreSettings,
    load_references,
    score_images,
)

pytestmark = pytest.mark.slow

NUM_IMAGES = 200
# The first layers of the Inception, in small batches: its last ones take minutes. They are compared
# with MMADDP_WHOLE_INCEPTION=1 in the environment.
LAYERS = {'fid': '64', 'is': '64', 'kid': '64'}
if os.environ.get('MMADDP_WHOLE_INCEPTION'):
    LAYERS = {'fid': '2048', 'is': 'logits_unbiased', 'kid': '2048'}
BATCH_SIZE = 10
KEYS = {
    'fid': 'frechet_inception_distance',
    'is': 'inception_score_mean',
    'is_std': 'inception_score_std',
    'kid': 'kernel_inception_distance_mean',
    'kid_std': 'kernel_inception_distance_std',
}


@pytest.fixture(scope='module')
def weights(tmp_path_factory):
    """A random Inception whose features do not die out from layer to layer."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FeatureExtractorInceptionV3, 'load_state_dict', lambda *_: None)
        patch.setattr(torch, 'load', lambda *_, **__: None)
        network = FeatureExtractorInceptionV3('inception-v3-compat', ['64'], 'none')
    generator = torch.Generator().manual_seed(0)
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight, generator=generator)
    network.Conv2d_2b_3x3.conv.weight.mul_(4)  # features far apart make a larger Inception Score
    path = tmp_path_factory.mktemp('weights') / 'random-inception.pth'
    torch.save(network.state_dict(), path)
    return path


@pytest.fixture(scope='module')
def folders(tmp_path_factory):
    """Two folders of pictures; the second set is brighter."""
    rng = np.random.default_rng(0)
    parent = tmp_path_factory.mktemp('pictures')
    for name, top in (('generated', 200), ('real', 256)):
        (parent / name).mkdir()
        for index in range(NUM_IMAGES):
            coarse = Image.fromarray(rng.integers(0, top, (4, 4, 3), dtype=np.uint8))
            coarse.resize((16, 16), Image.Resampling.BICUBIC).save(parent / name / f'{index}.png')
    return parent / 'generated', parent / 'real'


@pytest.fixture(scope='module')
def theirs(folders, weights, ready_python):
    layers = {'is': 'isc'}
    command = [ready_python, '-m', 'torch_fidelity.fidelity', '--cpu', '--json', '--silent']
    command += ['--fid', '--isc', '--kid', '--kid-subset-size', '100', '--no-cache', '--batch-size']
    command += [str(BATCH_SIZE)]
    command += ['--feature-extractor-weights-path', str(weights)]
    command += ['--input1', str(folders[0]), '--input2', str(folders[1])]
    for score, layer in LAYERS.items():
        command += [f'--feature-layer-{layers.get(score, score)}', layer]
    environment = os.environ | dict(CUDA_VISIBLE_DEVICES='')
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_scores_equal_those_of_the_command_line(folders, weights, theirs):
    extractor = FidelityExtractor(weights=str(weights), layers=LAYERS, device='cpu')
    scorers = [Scorer(extractor, ('fid', 'is', 'kid'), ScoreSettings(kid_subset_size=100))]
    generated, real = map(FolderImages, folders)
    references = load_references(real, scorers, batch_size=BATCH_SIZE)
    ours = score_images(generated, scorers, references, BATCH_SIZE)['scores']
    assert theirs['frechet_inception_distance'] > 0.01
    for name, key in KEYS.items():
        assert ours[name] == pytest.approx(theirs[key], rel=1e-6, abs=1e-6), name
