"""One object for a model: found by name, folder or file; it does what its checkpoint allows."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from PIL import Image
from toy_classification import CLASSES, save_weights, toy_config, write_images
from toy_detector import save_detector, write_detection_config
from toy_extractor import ToyExtractor
from toy_scenes import make_scenes

import mmaddp
from mmaddp import apis
from mmaddp.apis import build_model
from mmaddp.apis.model_source import find_in_folder, find_model
from mmaddp.registry import MODELS
from mmaddp.run.config_keys import effective_keys
from mmaddp.run.scoring import Scoring

CONFIGS = Path(__file__).parents[2] / 'configs' / 'toy'
(ADDP,) = CONFIGS.glob('addp-*_digits-32px.py')
(TOKENIZER,) = CONFIGS.glob('vqgan-*.py')
(PREDICTOR,) = CONFIGS.glob('mage-*.py')


def make_run(folder, config, *names):
    """The folder of a training: config and checkpoints, as a run leaves them."""
    folder.mkdir(parents=True, exist_ok=True)
    cfg = Config.fromfile(config)
    cfg.dump(folder / Path(config).name)
    for seed, name in enumerate(names):
        torch.manual_seed(seed)
        model = MODELS.build(dict(cfg.model, _scope_='mmaddp'))
        model.init_weights()
        torch.save(dict(state_dict=model.state_dict()), folder / name)
    return folder


@pytest.fixture(scope='module')
def pretraining(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp('run') / 'addp', ADDP, 'epoch_1.pth', 'epoch_2.pth')


@pytest.fixture(scope='module')
def addp(pretraining):
    return mmaddp.load(pretraining)


@pytest.fixture
def photo(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / 'photo.png')
    return tmp_path / 'photo.png'


def test_importing_is_quick_and_loading_is_at_hand():
    code = (
        'import sys, mmaddp\nmmaddp.list_models()\nslow = {"torch", "mmcv"} & set(sys.modules)\n'
        'assert not slow, slow\nassert {"load", "list_models"} <= set(dir(mmaddp))\nmmaddp.absent'
    )
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    assert done.stderr.splitlines()[-1].startswith('AttributeError') and 'absent' in done.stderr
    assert mmaddp.load is apis.load


def test_names_of_released_weights():
    models = {model['name']: model for model in mmaddp.list_models(kind='weights')}
    assert {'vqgan', 'mage-vit-base', 'addp-vit-base', 'addp-vit-large'} <= set(models)
    for name, model in models.items():
        if model['config'] is None:
            with pytest.raises(ValueError, match='part of other models'):
                mmaddp.load(name)
        else:
            with pytest.raises(FileNotFoundError, match=rf'mmaddp download {name}'):
                mmaddp.load(name)
    with pytest.raises(FileNotFoundError, match=r"did you mean 'addp-vit-base'"):
        mmaddp.load('addp_vit_base')


def test_released_weights_by_name_and_by_file(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / 'checkpoints' / 'addp-vit-base-16.pth'
    file.parent.mkdir()
    file.touch()
    found = find_model('addp-vit-base')
    assert found.checkpoint == 'mmaddp://addp-vit-base'
    assert found.config.model.sampler.num_steps == 20
    assert find_model('mmaddp://addp-vit-base').config.filename == found.config.filename
    beside = find_model(file)
    assert beside.checkpoint == str(file) and beside.config.filename == found.config.filename
    own = find_model('addp-vit-base', config=ADDP)
    assert own.config.model.sampler.num_steps == 4


def test_folder_of_a_training(pretraining, tmp_path):
    assert find_in_folder(pretraining)[0] == pretraining / 'epoch_2.pth'
    assert find_in_folder(pretraining.parent) == find_in_folder(pretraining)
    make_run(tmp_path / 'own' / 'tokenizer', TOKENIZER, 'epoch_1.pth')
    make_run(tmp_path / 'own' / 'addp', ADDP, 'epoch_1.pth', 'best_loss_epoch_1.pth')
    checkpoint, config = find_in_folder(tmp_path / 'own')
    assert (checkpoint.name, checkpoint.parent.name) == ('best_loss_epoch_1.pth', 'addp')
    assert config.name == ADDP.name
    make_run(tmp_path / 'two' / 'a', TOKENIZER, 'epoch_1.pth')
    make_run(tmp_path / 'two' / 'b', TOKENIZER, 'epoch_1.pth')
    with pytest.raises(ValueError, match='several trainings; name one of a, b in it'):
        mmaddp.load(tmp_path / 'two')
    make_run(tmp_path / 'begun', TOKENIZER)
    with pytest.raises(ValueError, match='begun holds no training'):
        mmaddp.load(tmp_path / 'begun')


def test_file_and_its_config(pretraining, addp, tmp_path):
    file = tmp_path / 'alone.pth'
    file.write_bytes((pretraining / 'epoch_2.pth').read_bytes())
    with pytest.raises(ValueError, match=r'The config of .*alone.pth is not known.*config='):
        mmaddp.load(file)
    alone = mmaddp.load(file, config=ADDP, device='cpu')
    beside = mmaddp.load(pretraining / 'epoch_2.pth')
    for model in (alone, beside):
        assert torch.equal(model.generate(2), addp.generate(2))
    with pytest.raises(ValueError, match='is no checkpoint'):
        mmaddp.load(ADDP)
    with pytest.raises(ValueError, match='part of other models'):
        mmaddp.load(make_run(tmp_path / 'predictor', PREDICTOR, 'epoch_1.pth'))


def test_generated_pictures(addp, pretraining, tmp_path):
    model = build_model(ADDP, pretraining / 'epoch_2.pth')
    pictures = addp.generate(5, seed=3, draw=tmp_path / 'sheet.png')
    assert torch.equal(pictures, apis.generate(model, num_images=5, seed=3))
    assert Image.open(tmp_path / 'sheet.png').size == (2 * 34 + 2, 3 * 34 + 2)
    addp.generate(5, seed=3, draw=tmp_path / 'folder')
    files = sorted((tmp_path / 'folder').iterdir())
    assert [file.name for file in files] == [f'{number:04}.png' for number in range(5)]
    other = mmaddp.load(pretraining, cfg_options={'model.sampler.num_steps': 2})
    assert not torch.equal(pictures, other.generate(5, seed=3))
    with pytest.raises(ValueError, match='num_images'):
        addp.generate(0)


def test_edited_pictures(addp, photo, tmp_path):
    image = apis.load_images([photo], (32, 32))
    pixels = np.array(Image.open(photo))
    mask = np.zeros((40, 60), bool)
    mask[:, 40:] = True
    for images in (photo, str(photo), pixels, Image.open(photo), photo.parent, [photo]):
        found = addp.inpaint(images, mask, n=2, seed=7)
        assert found.shape == (1, 2, 3, 32, 32)
    # The left half lies apart from the mask's border, the right half is new.
    assert torch.equal(found[0, 0, :, :, :12], image[0, :, :, :12])
    assert not torch.equal(found[0, 0], found[0, 1])
    small = np.zeros((32, 32), np.uint8)
    small[:, 24:] = 1
    assert torch.equal(
        addp.inpaint(photo, small, seed=7)[0], apis.inpaint(addp.model, image, _true(small), [7])
    )
    assert addp.reconstruct([photo, pixels]).shape == (2, 1, 3, 32, 32)
    hidden = addp.reconstruct(photo, 0.5, n=3, draw=tmp_path / 'sheets' / 'hidden.png')
    assert hidden.shape == (1, 3, 3, 32, 32)
    assert Image.open(tmp_path / 'sheets' / 'hidden.png').size == (4 * 34 + 2, 36)
    varied = addp.vary(photo, 0.3, n=2)
    assert torch.equal(varied[0], apis.vary(addp.model, image[0], [0.3], [0, 1])[0])
    wider = addp.outpaint(photo, (0, 8, 0, 8), draw=tmp_path / 'out')
    inner = apis.load_images([photo], (32, 16))
    assert torch.equal(wider[0, 0, :, :, 12:20], inner[0, :, :, 4:12])
    assert len(list((tmp_path / 'out').iterdir())) == 2


def _true(mask):
    return torch.from_numpy(mask != 0)


@pytest.mark.parametrize(
    'call, message',
    [
        (lambda model, photo: model.classify(photo), 'ADDP of .* cannot classify; it has generate'),
        (lambda model, photo: model.inpaint(photo, np.zeros((3, 3))), r'3 x 3 pixels.* 32 x 32'),
        (lambda model, photo: model.inpaint(photo, np.zeros((3, 3, 3))), 'shape'),
        (lambda model, photo: model.outpaint(photo, (0, 16, 0, 16)), 'do not fit'),
        (lambda model, photo: model.reconstruct(photo, 2), 'mask ratio'),
        (lambda model, photo: model.vary(photo, n=0), 'n must be at least 1'),
        (lambda model, photo: model.features(photo, stage='pre_logits'), "'backbone' and 'neck'"),
    ],
)
def test_what_does_not_work(addp, photo, call, message):
    with pytest.raises(ValueError, match=message):
        call(addp, photo)


def test_features_of_addp(addp, photo):
    found = addp.features([photo, photo], batch_size=1)
    pixels = apis.load_images([photo], (32, 32))
    with torch.no_grad():
        expected = addp.model.encode(pixels)
    torch.testing.assert_close(found[1], expected[0, 1:].mean(0))
    torch.testing.assert_close(addp.features(photo, stage='backbone'), expected)


def test_score_of_generated_pictures(addp, tmp_path, monkeypatch):
    addp.generate(20, seed=1, draw=tmp_path / 'same')
    monkeypatch.setattr(
        Scoring, 'extractors', lambda self: [(dict(type=ToyExtractor), list(self.scores))]
    )
    result = addp.score(tmp_path / 'same', n=20, seed=1, batch_size=8, scores=('fid',))
    other = addp.score(tmp_path / 'same', n=20, seed=2, batch_size=20, scores=('fid',))
    assert abs(result['scores']['fid']) < 1e-3 < other['scores']['fid']
    assert result['protocol']['images']['num_images'] == 20


def test_tokenizer(tmp_path, photo):
    model = mmaddp.load(make_run(tmp_path / 'run', TOKENIZER, 'epoch_1.pth'))
    assert model.abilities == ('reconstruct', 'score')
    assert model.model.discriminator is None
    found = model.reconstruct([photo, photo], draw=tmp_path / 'sheet.png')
    assert found.shape == (2, 1, 3, 32, 32)
    assert Image.open(tmp_path / 'sheet.png').size == (2 * 34 + 2, 2 * 34 + 2)
    with pytest.raises(ValueError, match='hides nothing'):
        model.reconstruct(photo, 0.5)


def test_recognition_of_two_hosts_in_turn(tmp_path, photo):
    """Each call is made in the scope of its model's host."""
    cfg = toy_config(write_images(tmp_path / 'data'), tmp_path / 'work')
    weights = save_weights(cfg, tmp_path / 'weights.pth')
    for name in cfg.keys() - effective_keys():  # as a run does
        cfg.pop(name)
    cfg.dump(tmp_path / 'classifier.py')
    classifier = mmaddp.load(weights, tmp_path / 'classifier.py')
    settings = write_detection_config(tmp_path, make_scenes(tmp_path / 'digits'))
    detector = mmaddp.load(save_detector(settings, tmp_path / 'toy.pth'), settings)
    assert detector.abilities == ('detect', 'score')
    for _ in range(2):
        (found,) = classifier.classify(photo, classes=CLASSES, draw=tmp_path / 'drawn')
        assert found['pred_class'] in CLASSES
        (objects,) = detector.detect(photo, score_threshold=0.0, draw=tmp_path / 'found.png')
        assert len(objects['scores'])
    assert min(Image.open(tmp_path / 'drawn' / 'photo.png').size) == 224
    assert Image.open(tmp_path / 'found.png').size == (60, 40)
    assert classifier.features(photo).shape == (1, cfg.model.head.in_channels)
    with pytest.raises(ValueError, match='2 images: give a folder'):
        detector.detect([photo, photo], draw=tmp_path / 'found.png')
    with pytest.raises(ValueError, match='takes no reference'):
        classifier.score(tmp_path)
    figures = classifier.score()
    assert 0 <= figures['accuracy/top1'] <= 100
