import numpy as np
import pytest
import torch
from PIL import Image
from test_engine.generation_runs import run, toy_config
from toy_classification import save_weights, write_images
from toy_classification import toy_config as classifier_config

from mmaddp.apis import build_model, generate
from mmaddp.utils.images import to_uint8


@pytest.fixture
def cfg(tmp_path):
    return toy_config(tmp_path, num_images=6, seed=3)


def test_images_are_those_of_the_tool(cfg, tmp_path):
    assert run(cfg) == [0]
    model = build_model(cfg, cfg.load_from)
    images = generate(model, num_images=6, seed=3, batch_size=4)
    assert images.shape == (6, 3, 16, 16) and images.min() >= 0 and images.max() <= 1
    for image, file in zip(to_uint8(images), sorted((tmp_path / 'out' / 'images').iterdir())):
        assert np.array_equal(image, np.asarray(Image.open(file))), file
    assert torch.equal(images, generate(cfg, cfg.load_from, num_images=6, seed=3, batch_size=4))
    assert len(generate(model, num_images=1)) == 1
    assert not torch.equal(images, generate(model, num_images=6, seed=4, batch_size=4))


def test_bad_arguments(cfg, tmp_path):
    for arguments, message in (
        (dict(num_images=0), 'num_images must be at least 1'),
        (dict(batch_size=0), 'batch_size must be at least 1'),
        (dict(precision='fp8'), "Unknown precision 'fp8'"),
        (dict(seed=-1), 'seed'),
    ):
        with pytest.raises(ValueError, match=message):
            generate(cfg, cfg.load_from, **arguments)
    other = classifier_config(write_images(tmp_path / 'data'), tmp_path / 'work')
    with pytest.raises(ValueError, match='ImageClassifier cannot generate'):
        generate(other, save_weights(other, tmp_path / 'other.pth'))
