"""mmpretrain's RandAugment in our fine-tuning pipeline is timm's rand-m9-mstd0.5-inc1 on RGB."""

from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.registry import TRANSFORMS, init_default_scope
from PIL import Image
from sklearn.datasets import load_sample_images
from timm.data import auto_augment as timm_augment

FILE = Path(__file__).parents[2] / 'configs' / '_base_' / 'datasets' / 'classify_imagenet_256px.py'
HPARAMS = dict(translate_const=100, img_mean=(124, 116, 104), interpolation=Image.BICUBIC)


@pytest.fixture(scope='module')
def transforms():
    """From RGB array to RGB array: the conversion to BGR, RandAugment, and back."""
    init_default_scope('mmpretrain')
    pipeline = Config.fromfile(FILE).train_pipeline
    (place,) = [i for i, step in enumerate(pipeline) if step.type == 'RandAugment']
    return [TRANSFORMS.build(step) for step in pipeline[place - 1 : place + 2]]


def test_each_operation_equals_timms(transforms, monkeypatch):
    """Rotations, shears and translations of timm go the other way, which is drawn at random."""
    image = load_sample_images().images[0][:128, :128].copy()
    augment = transforms[1]
    theirs = timm_augment.rand_augment_transform('rand-m9-mstd0.5-inc1', HPARAMS)
    assert (augment.num_policies, augment.magnitude_std) == (theirs.num_layers, 0.5)
    assert len(theirs.ops) == len(augment.transforms) == 15
    for operation, ours in zip(theirs.ops, augment.transforms):
        assert operation.prob == ours.prob == 0.5
        geometric = operation.name.startswith(('Rotate', 'Shear', 'Translate'))
        monkeypatch.setattr(timm_augment, '_randomly_negate', lambda value: value)
        sign = -1 if geometric else 1
        ours.random_negative = lambda value, sign=sign: sign * value
        operation.prob = ours.prob = 1
        operation.magnitude_std = ours.magnitude_std = 0
        expected = np.asarray(operation(Image.fromarray(image))).astype(int)
        steps = Compose([transforms[0], ours, transforms[2]])
        found = steps(dict(img=image.copy()))['img'].astype(int)
        # Other interpolation kernels: up to 2.4 of 255 at the edges of this picture.
        assert np.abs(found - expected).mean() < (3.5 if geometric else 0.6), operation.name
