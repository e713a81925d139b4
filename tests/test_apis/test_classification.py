from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from PIL import Image
from toy_classification import CLASSES, save_weights, toy_config, write_images
from toy_models import WIDTH, toy_addp

from mmaddp.apis import build_model, classify, extract_features
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
    pictures = [Image.open(file) for file in files]
    kinds = (files, arrays, pictures, folder, [files[0], arrays[1], pictures[2], str(files[3])])
    results = [classify(images, *classifier, batch_size=3) for images in kinds]
    assert [found['path'] for found in results[3]] == files
    assert [found['path'] for found in results[4]] == [files[0], None, None, files[3]]
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
    model = build_model(*classifier)
    mean, std = torch.tensor([123.675, 116.28, 103.53]), torch.tensor([58.395, 57.12, 57.375])
    pixels = ((torch.tensor([255.0, 0, 0]) - mean) / std).view(1, 3, 1, 1).expand(1, 3, 32, 32)
    expected = model(pixels, mode='tensor').softmax(-1)[0].detach().numpy()
    np.testing.assert_allclose(classify(image, model)[0]['pred_scores'], expected, atol=1e-6)


def test_unreadable_images(classifier, tmp_path):
    (tmp_path / 'broken.png').write_bytes(b'\x89PNG')
    with pytest.raises(ValueError, match=r'Cannot read the image .*broken\.png'):
        classify(tmp_path / 'broken.png', *classifier)
    with pytest.raises(ValueError, match=r'got float64 \(4, 4\)'):
        classify(np.zeros((4, 4)), *classifier)
    with pytest.raises(ValueError, match=r'got Tensor'):
        classify([torch.zeros(3, 4, 4)], *classifier)


def test_nothing_to_classify(classifier, tmp_path):
    empty = tmp_path / 'empty'
    empty.mkdir()
    (empty / 'notes.pdf').touch()
    for function in (classify, extract_features):
        with pytest.raises(FileNotFoundError, match=r'no picture in .*empty.*ending in \.pdf'):
            function(empty, *classifier)
        with pytest.raises(ValueError, match='No images'):
            function([], *classifier)
        with pytest.raises(FileNotFoundError, match=r'no picture .*absent'):
            function(tmp_path / 'absent.png', *classifier)


def test_a_model_is_built_once(classifier, tmp_path):
    model = build_model(*classifier)
    image = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    again = classify(image, model.train())[0]
    assert not model.training
    np.testing.assert_array_equal(
        again['pred_scores'], classify(image, *classifier)[0]['pred_scores']
    )
    assert classify(image, model, device='cpu', classes=CLASSES)[0]['pred_class'] in CLASSES
    with pytest.raises(ValueError, match='2 classes are named, but the model has 3'):
        classify(image, model, classes=CLASSES[:2])
    with pytest.raises(ValueError, match='built already'):
        classify(image, model, classifier[1])
    with pytest.raises(ValueError, match='needs the checkpoint'):
        classify(image, classifier[0])
    with pytest.raises(ValueError, match='batch_size must be at least 1'):
        classify(image, model, batch_size=0)
    model._config = None
    with pytest.raises(ValueError, match='build_model'):
        classify(image, model)


def test_names_of_the_checkpoint(classifier, tmp_path):
    cfg, weights = classifier
    content = torch.load(weights, weights_only=True)
    content['meta'] = dict(dataset_meta=dict(classes=CLASSES))
    torch.save(content, tmp_path / 'named.pth')
    image = np.zeros((32, 32, 3), np.uint8)
    found = classify(image, cfg, tmp_path / 'named.pth')[0]
    assert found['pred_class'] == CLASSES[found['pred_label']]
    assert build_model(cfg, tmp_path / 'named.pth')._dataset_meta['classes'] == CLASSES


def test_pictures_that_only_some_loaders_read(classifier, tmp_path):
    """Animations, 16 bits, CMYK, transparency; hidden and foreign files beside them."""
    rng = np.random.default_rng(0)
    frames = [Image.fromarray(rng.integers(0, 256, (40, 40, 3), np.uint8)) for _ in range(3)]
    photos = tmp_path / 'photos'
    photos.mkdir()
    frames[0].save(photos / 'a.gif', save_all=True, append_images=frames[1:])
    frames[0].save(photos / 'b.webp', save_all=True, append_images=frames[1:])
    Image.fromarray(rng.integers(0, 65536, (64, 64)).astype(np.uint16)).save(photos / 'c.png')
    frames[0].convert('CMYK').save(photos / 'd.jpg')
    frames[0].convert('LA').save(photos / 'e.tiff')
    for name in ('.DS_Store', 'Thumbs.db', '._a.jpg'):
        (photos / name).write_bytes(b'\0\5\x16\7')
    found = classify(photos, *classifier)
    assert [result['path'].name for result in found] == [
        *('a.gif', 'b.webp', 'c.png', 'd.jpg', 'e.tiff'),
    ]


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
    again = extract_features(list(images), build_model(cfg, tmp_path / 'addp.pth'), batch_size=2)
    torch.testing.assert_close(again, found, rtol=1e-4, atol=1e-5)
    maps = extract_features(images[0], cfg, tmp_path / 'addp.pth', stage='backbone')
    assert maps.shape == (1, WIDTH, 4, 4)
