import warnings
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from torch import nn
from torch_fidelity.feature_extractor_inceptionv3 import (
    URL_INCEPTION_V3,
    FeatureExtractorInceptionV3,
)
from torchvision.models import VGG16_Weights

from mmaddp.evaluation.fidelity import BackboneExtractor, FidelityExtractor, weights
from mmaddp.evaluation.fidelity.extractors import state_dict_sha256
from mmaddp.registry import MODELS
from mmaddp.weights.known_weights import known

ROOT = Path(__file__).parents[3]
(JUDGE,) = (ROOT / 'configs' / 'quickstart').glob('judge-*.py')


@pytest.fixture
def checkpoint(tmp_path):
    torch.manual_seed(0)
    model = MODELS.build({**Config.fromfile(JUDGE).model, '_scope_': 'mmpretrain'})
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'judge.pth')
    return str(tmp_path / 'judge.pth')


def classifier_config(tmp_path, **preprocessor):
    """A classifier whose features are the mean colours that its preprocessor hands over."""
    (tmp_path / 'mean_colour.py').write_text(
        'from torch import nn\n'
        'from mmpretrain.registry import MODELS\n'
        'if "MeanColour" not in MODELS.module_dict:\n'
        '    @MODELS.register_module()\n'
        '    class MeanColour(nn.Module):\n'
        '        def __init__(self):\n'
        '            super().__init__()\n'
        '            self.unused = nn.Linear(1, 1)\n'
        '        def forward(self, x):\n'
        '            return (x,)\n'
    )
    path = tmp_path / 'config.py'
    path.write_text(
        'default_scope = "mmpretrain"\n'
        'custom_imports = dict(imports=["mean_colour"])\n'
        'model = dict(type="ImageClassifier", backbone=dict(type="MeanColour"))\n'
        f'data_preprocessor = dict({", ".join(f"{k}={v}" for k, v in preprocessor.items())})\n'
    )
    torch.save(
        {'backbone.unused.weight': torch.ones(1, 1), 'backbone.unused.bias': torch.ones(1)},
        tmp_path / 'weights.pth',
    )
    return str(path), str(tmp_path / 'weights.pth')


@pytest.mark.parametrize('to_rgb', [False, True])
def test_backbone_sees_the_channels_that_it_expects(tmp_path, monkeypatch, to_rgb):
    monkeypatch.syspath_prepend(str(tmp_path))
    files = classifier_config(tmp_path, mean=[0, 0, 0], std=[1, 1, 1], to_rgb=to_rgb)
    colour = torch.tensor([10, 20, 40], dtype=torch.uint8)
    images = colour.view(1, 3, 1, 1).expand(2, 3, 8, 8)
    found = BackboneExtractor(*files, input_size=4, device='cpu')(images, ['features'])
    # Behind the preprocessor the network has RGB either way.
    assert found['features'].tolist() == [[10, 20, 40]] * 2


def test_classifier_serves_all_scores(checkpoint):
    extractor = BackboneExtractor(str(JUDGE), checkpoint, device='cpu')
    images = torch.randint(0, 256, (3, 3, 32, 32), dtype=torch.uint8)
    found = extractor(images, ['features', 'logits'])
    assert found['features'].shape == (3, 128) and found['logits'].shape == (3, 11)
    scores = extractor.model.predict(
        extractor.model.data_preprocessor(dict(inputs=images))['inputs']
    )
    torch.testing.assert_close(
        found['logits'].softmax(-1), torch.stack([s.pred_score for s in scores])
    )
    assert extractor.layer('is') == 'logits' and extractor.layer('prc') == 'features'


def test_half_precision_around_it_changes_nothing(checkpoint):
    extractor = BackboneExtractor(str(JUDGE), checkpoint, device='cpu')
    images = torch.randint(0, 256, (3, 3, 32, 32), dtype=torch.uint8)
    expected = extractor(images, ['features'])['features']
    with torch.autocast('cpu', torch.bfloat16):
        assert torch.equal(extractor(images, ['features'])['features'], expected)


def test_backbone_without_weights_or_classes(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match=r'loads no weights by itself.*give its checkpoint'):
        BackboneExtractor(str(JUDGE))
    monkeypatch.syspath_prepend(str(tmp_path))
    extractor = BackboneExtractor(*classifier_config(tmp_path, mean=[0], std=[1]))
    with pytest.raises(ValueError, match='Inception Score needs class probabilities'):
        extractor.layer('is')


def test_hash_follows_weights_alone():
    first, same, other = nn.Linear(3, 2), nn.Linear(3, 2), nn.Linear(3, 2)
    same.load_state_dict(first.state_dict())
    assert state_dict_sha256(first) == state_dict_sha256(same) != state_dict_sha256(other)


def test_weights_that_are_not_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = 'weights-inception-2015-12-05-6726825d.pth'
    with pytest.raises(FileNotFoundError, match=rf'(?s)absent.pth.*{name} from https://github.com'):
        FidelityExtractor(weights='absent.pth')
    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path))

    def no_network(*_, **__):
        raise OSError('no route to host')

    monkeypatch.setattr(torch.hub, 'download_url_to_file', no_network)
    with pytest.raises(FileNotFoundError, match=rf'no route to host.*{name}.*--feature-weights'):
        FidelityExtractor()
    with pytest.raises(FileNotFoundError, match=r'vgg16-397923af.pth from https.*--prc-weights'):
        FidelityExtractor('vgg16')
    with pytest.raises(ValueError, match="'clip' is not known"):
        FidelityExtractor('clip')


def test_addresses_are_those_of_torch_fidelity():
    assert known('inception').url == URL_INCEPTION_V3
    assert known('vgg16').url == VGG16_Weights.IMAGENET1K_V1.url
    assert weights.is_published('vgg16', '397923af' + 56 * '0')
    assert not weights.is_published('inception-v3-compat', 64 * '0')
    assert not weights.is_published('ImageClassifier', 64 * '0')


def test_known_weights_are_found_where_all_are(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = Path('checkpoints', 'vgg16-397923af.pth')
    file.parent.mkdir()
    file.write_bytes(b'weights')
    assert weights.find_weights('vgg16').path == file
    assert weights.find_weights('vgg16', 'mmaddp://vgg16').path == file


def test_downloaded_weights_are_checked_and_kept(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path / 'hub'))
    asked = []

    def download(url, path, hash_prefix):
        asked.append(hash_prefix)
        Path(path).write_bytes(b'weights')

    monkeypatch.setattr(torch.hub, 'download_url_to_file', download)
    first, second = weights.find_weights('vgg16'), weights.find_weights('vgg16')
    assert asked == ['397923af'] and first == second
    assert list(first.path.parent.iterdir()) == [first.path]


class Trap:
    def __reduce__(self):
        return warnings.warn, ('the trap went off',)


def test_hostile_and_foreign_weights(tmp_path):
    torch.save(dict(state_dict=Trap()), tmp_path / 'trap.pth')
    torch.save({'conv.weight': torch.zeros(1)}, tmp_path / 'other.pth')
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        with pytest.raises(ValueError, match=r'trap.pth is refused'):
            FidelityExtractor(weights=str(tmp_path / 'trap.pth'))
    with pytest.raises(ValueError, match=r'other.pth do not fit inception-v3-compat'):
        FidelityExtractor(weights=str(tmp_path / 'other.pth'))


def test_default_layers_are_those_of_the_published_scores(monkeypatch, tmp_path):
    monkeypatch.setattr(FeatureExtractorInceptionV3, 'load_state_dict', lambda *_: None)
    torch.save({'a': torch.zeros(1)}, tmp_path / 'any.pth')
    file = str(tmp_path / 'any.pth')
    extractor = FidelityExtractor(weights=file)
    assert [extractor.layer(s) for s in ('fid', 'kid', 'is')] == ['2048', '2048', 'logits_unbiased']
    with pytest.raises(ValueError, match="no layer '100'; it has 64, 192"):
        FidelityExtractor(weights=file, layers=dict(fid='100'))
