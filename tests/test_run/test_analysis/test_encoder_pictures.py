"""Attention maps and colours of patches, of a pre-training and of a classifier."""

import pytest
import torch
from PIL import Image
from toy_classification import save_weights, toy_config, write_images

from mmaddp import cli
from mmaddp.apis.encoder_pictures import addp_pictures, encoder_pictures
from mmaddp.engine.insight.features import patch_features
from mmaddp.models.backbones import ADDPViTDet
from mmaddp.run.analysis.attention import attention_maps, attention_sheet, attention_weights
from mmaddp.run.analysis.patches import patch_tokens


@pytest.fixture(scope='module')
def classifier(tmp_path_factory):
    """The folder of a classifier's training."""
    folder = tmp_path_factory.mktemp('classifier')
    images = write_images(folder / 'images')
    cfg = toy_config(images, folder / 'work')
    cfg.dump(folder / 'classifier.py')
    save_weights(cfg, folder / 'epoch_1.pth')
    return folder


def test_weights_give_what_the_fused_kernel_gives(found):
    attention = found.backbone.layers[0].attn
    tokens = torch.randn(2, 17, 16, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        weights = attention_weights(attention, tokens)
        values = attention.qkv(tokens).unflatten(-1, (3, attention.num_heads, -1))[:, :, 2]
        mixed = weights @ values.transpose(1, 2)
        expected = attention.proj(mixed.transpose(1, 2).flatten(2))
        torch.testing.assert_close(attention(tokens), attention.gamma1(expected))


def test_maps_are_rows_of_the_weights(found):
    maps = attention_maps(found.backbone, found.inputs)
    layers, heads = len(found.backbone.layers), found.backbone.layers[0].attn.num_heads
    assert maps.shape == (layers, 5, heads, 16)
    assert (maps > 0).all() and (maps.sum(dim=-1) < 1).all(), 'the class token has the rest'
    layer = found.backbone.layers[0]
    with torch.no_grad():
        tokens = layer.ln1(found.backbone.embed(found.inputs)[0])
        weights = attention_weights(layer.attn, tokens)
    torch.testing.assert_close(maps[0], weights[:, :, 0, 1:])
    patch = attention_maps(found.backbone, found.inputs, query=6)
    torch.testing.assert_close(patch[0], weights[:, :, 7, 1:])
    assert not any(layer.attn._forward_pre_hooks for layer in found.backbone.layers)
    with pytest.raises(ValueError, match='no such patch: the grid has 16'):
        attention_maps(found.backbone, found.inputs, query=16)


def test_sheet_shows_where_attention_is_high(found):
    maps = torch.zeros(5, 16)
    maps[:, 5] = 1
    sheet = attention_sheet(found.images * 0, [maps], (4, 4))
    assert sheet.shape == (3, 2 + 5 * 34, 2 + 2 * 34)
    bright = sheet[:, 2:34, 36:68].mean(dim=0) > 0.5
    assert bright[8:16, 8:16].all() and bright.sum() == 64


def test_patch_features(found, pretraining, pictures):
    model, images = addp_pictures(pretraining, pictures, most=5)
    torch.testing.assert_close(images, found.images)
    tokens, grid = patch_tokens(found.backbone, found.inputs)
    assert grid == (4, 4)
    torch.testing.assert_close(tokens, patch_features(model, images))
    first, _ = patch_tokens(found.backbone, found.inputs, num_blocks=1)
    torch.testing.assert_close(first, patch_features(model, images, num_blocks=1))
    with pytest.raises(ValueError, match='at most'):
        patch_tokens(found.backbone, found.inputs, num_blocks=99)


def test_a_classifier_gets_pictures_as_in_its_test(classifier):
    found = encoder_pictures(classifier, classifier / 'images' / 'val', most=3)
    assert found.images.shape == found.inputs.shape == (3, 3, 32, 32)
    pixels = found.inputs * found.model.data_preprocessor.std + found.model.data_preprocessor.mean
    torch.testing.assert_close(found.images, pixels / 255)
    tokens, _ = patch_tokens(found.backbone, found.inputs)
    with torch.no_grad():
        pooled = found.backbone.ln2(tokens.mean(dim=1))
        torch.testing.assert_close(pooled, found.backbone(found.inputs)[0])
    with pytest.raises(ValueError, match='ImageClassifier; this takes models of ADDP'):
        addp_pictures(classifier, classifier / 'images' / 'val', most=3)


def test_models_without_such_an_encoder():
    with pytest.raises(ValueError, match='this is a ADDPViTDet'):
        attention_maps(ADDPViTDet.__new__(ADDPViTDet), torch.zeros(1))


@pytest.mark.parametrize(
    'words, size',
    [
        (('attention',), (2 + 34 * 3, 2 + 34 * 3)),
        (('attention', '--layer', '1', '--zoom', '2'), (2 + 66 * 3, 2 + 66 * 3)),
        (('attention', '--patch', '4', '4'), (2 + 34 * 3, 2 + 34 * 3)),
        (('patches', '--block', '1'), (2 + 34 * 3, 2 + 34 * 2)),
    ],
)
def test_commands(pretraining, pictures, tmp_path, words, size):
    out = tmp_path / 'new' / 'drawn.png'
    given = (str(pretraining), str(pictures), '--most', '3', '--out', str(out))
    cli.main(['analyze', words[0], *given, *words[1:]])
    with Image.open(out) as drawn:
        assert drawn.size == size


@pytest.mark.parametrize(
    'words, message',
    [
        (('attention', '--patch', '5', '1'), r'outside the grid of \(4, 4\)'),
        (('attention', '--layer', '9'), '--layer must be at most'),
        (('patches', '--block', '9'), '--block must be at most'),
    ],
)
def test_messages(pretraining, pictures, tmp_path, words, message):
    given = (str(pretraining), str(pictures), '--out', str(tmp_path / 'x.png'))
    with pytest.raises(SystemExit, match=message):
        cli.main(['analyze', words[0], *given, *words[1:]])
    assert not (tmp_path / 'x.png').exists()
