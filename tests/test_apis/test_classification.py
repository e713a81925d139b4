from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from PIL import Image
from toy_classification import CLASSES, save_weights, toy_config, write_images
from toy_models import WIDTH, toy_addp

from mmaddp.apis import Classifier, classify, extract_features
from mmaddp.registry import MODELS

KNN = (
    Path(__file__).parents[2]
    / 'configs'
    / 'classification'
    / 'vit-base-p16_addp-1600e-pre_knn_in1k-256px.py'
)


@pytest.fixture
def classifier(tmp_path):
    cfg = toy_config(write_images(tmp_path / 'data'), tmp_path / 'work')
    return cfg, save_weights(cfg, tmp_path / 'weights.pth')


def test_files_arrays_and_folders_give_the_same(classifier, tmp_path):
    folder = tmp_path / 'data' / 'val' / 'dog'
    files = sorted(folder.iterdir())
    arrays = [np.array(Image.open(file)) for file in files]
    results = [classify(images, *classifier, batch_size=3) for images in (files, arrays, folder)]
    for found in results:
        assert len(found) == 4 and 'pred_class' not in found[0]
        for one, other in zip(found, results[0]):
            np.testing.assert_allclose(one['pred_scores'], other['pred_scores'], atol=1e-6)
            assert one['pred_label'] == int(one['pred_scores'].argmax())
            assert one['pred_scores'].sum() == pytest.approx(1, abs=1e-5)
    assert classify(str(files[0]), *classifier, classes=CLASSES)[0]['pred_class'] in CLASSES


def test_channels_are_not_swapped(classifier):
    """The network gets red first: the score is that of the normalised RGB image."""
    image = np.zeros((32, 32, 3), np.uint8)
    image[..., 0] = 255
    inferencer = Classifier(*classifier)
    mean, std = torch.tensor([123.675, 116.28, 103.53]), torch.tensor([58.395, 57.12, 57.375])
    pixels = ((torch.tensor([255.0, 0, 0]) - mean) / std).view(1, 3, 1, 1).expand(1, 3, 32, 32)
    expected = inferencer.model(pixels, mode='tensor').softmax(-1)[0].detach().numpy()
    np.testing.assert_allclose(inferencer(image)[0]['pred_scores'], expected, atol=1e-6)


def test_unreadable_images(classifier, tmp_path):
    (tmp_path / 'broken.png').write_bytes(b'\x89PNG')
    with pytest.raises(ValueError, match=r'Cannot read the image .*broken\.png'):
        classify(tmp_path / 'broken.png', *classifier)
    with pytest.raises(ValueError, match=r'got float64 \(4, 4\)'):
        classify(np.zeros((4, 4)), *classifier)


def test_features_of_a_pre_training_checkpoint(tmp_path):
    """The k-NN configuration takes the encoder out of it: mean of the tokens behind the norm."""
    torch.manual_seed(0)
    addp = MODELS.build(toy_addp()).eval()
    torch.save(dict(state_dict=addp.state_dict()), tmp_path / 'addp.pth')
    cfg = Config.fromfile(KNN)
    backbone = dict(toy_addp()['backbone'], out_type='featmap')
    cfg.model.backbone = backbone
    dataset = cfg.test_dataloader.dataset.dataset
    dataset.pipeline = dataset.pipeline[::3]
    images = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), np.uint8)
    found = extract_features(list(images), cfg, tmp_path / 'addp.pth')
    pixels = torch.from_numpy(images).permute(0, 3, 1, 2) / 255
    with torch.no_grad():
        expected = addp.encode(pixels)[:, 1:].mean(1)
    assert found.shape == (2, WIDTH)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    maps = extract_features(images[0], cfg, tmp_path / 'addp.pth', stage='backbone')
    assert maps.shape == (1, WIDTH, 4, 4)
