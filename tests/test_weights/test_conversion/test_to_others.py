"""Other libraries compute our features from the converted encoder."""

import json
import os
import subprocess
import sys

import pytest
import timm
import torch
from safetensors.torch import load_file, save_file

from mmaddp.registry import MODELS
from mmaddp.weights.conversion import (
    convert_official,
    read_encoder,
    to_huggingface,
    to_mae,
    to_timm,
)
from mmaddp.weights.conversion.widths import vit_config

HEADS = 2


@pytest.fixture(scope='module')
def images():
    return torch.randn(2, 3, 256, 256, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def encoder(official, saved):
    return read_encoder(saved(official), HEADS)


def our_features(encoder, images, pre_norm):
    config = vit_config(encoder.tensors, pre_norm=pre_norm, out_type='raw')
    config['arch']['num_heads'] = HEADS
    model = MODELS.build(config).eval()
    kept = {k: v for k, v in encoder.tensors.items() if pre_norm or not k.startswith('pre_norm.')}
    model.load_state_dict(kept)
    with torch.no_grad():
        return model(images)[-1]


def difference(found, expected):
    return float((found - expected).norm() / expected.norm())


@pytest.mark.parametrize('pre_norm', ['keep', 'drop'])
def test_timm(encoder, images, pre_norm):
    tensors, arguments = to_timm(encoder, pre_norm)
    model = timm.models.VisionTransformer(**arguments).eval()
    model.load_state_dict(tensors)
    with torch.no_grad():
        features = model.forward_features(images)
    expected = our_features(encoder, images, pre_norm == 'keep')
    assert difference(features, expected) < 1e-5
    other = our_features(encoder, images, pre_norm != 'keep')
    assert difference(features, other) > 1e-2


def test_bias_in_the_positions_survives_their_resizing(encoder, images):
    """timm at another size, with and without a bias of its own in the patch embedding."""
    tensors, arguments = to_timm(encoder)
    folded = timm.models.VisionTransformer(**arguments).eval()
    biased = timm.models.VisionTransformer(**arguments).eval()
    width, size = encoder.embed_dims, encoder.patch_size
    biased.patch_embed.proj = torch.nn.Conv2d(3, width, size, size)
    folded.load_state_dict(tensors)
    bias = encoder.tensors['patch_embed.projection.bias']
    own = {'pos_embed': encoder.tensors['pos_embed'], 'patch_embed.proj.bias': bias}
    biased.load_state_dict(tensors | own)
    with torch.no_grad():
        features = []
        for model in (folded, biased):
            model.set_input_size(img_size=192)
            features.append(model.forward_features(images[..., :192, :192]))
    assert difference(*features) < 1e-5


def test_timm_classifier(classifier, saved, images):
    encoder = read_encoder(saved(classifier), HEADS)
    tensors, arguments = to_timm(encoder)
    assert arguments['pre_norm'] is False and arguments['num_classes'] == 10
    model = timm.models.VisionTransformer(**arguments).eval()
    model.load_state_dict(tensors)
    config = vit_config(encoder.tensors, pre_norm=False, final_norm=False, out_type='avg_featmap')
    config['arch']['num_heads'] = HEADS
    ours = MODELS.build(config).eval()
    ours.load_state_dict(encoder.tensors)
    with torch.no_grad():
        expected = torch.nn.functional.linear(ours(images)[-1], *encoder.head.values())
        assert difference(model(images), expected) < 1e-5


def test_mae_names(encoder, images):
    """MAE's ViT is timm's without the norm in front of the blocks."""
    tensors = to_mae(encoder)
    model = timm.models.VisionTransformer(**to_timm(encoder, 'drop')[1]).eval()
    model.load_state_dict(tensors)
    assert {name.partition('.')[0] for name in tensors} == {
        *('cls_token', 'pos_embed', 'patch_embed', 'blocks', 'norm')
    }


FOREIGN = """
import sys
import torch
from safetensors.torch import load_file, save_file
from transformers import ViTModel
folder, images, out = sys.argv[1:]
model, info = ViTModel.from_pretrained(
    folder, add_pooling_layer=False, output_loading_info=True, attn_implementation='eager'
)
problems = {name: list(found) for name, found in info.items() if found}
assert not problems, problems
with torch.no_grad():
    features = model.eval()(load_file(images)['images']).last_hidden_state
save_file(dict(features=features.contiguous()), out)
"""


def has_transformers():
    code = 'import importlib.util as u, sys; sys.exit(u.find_spec("transformers") is None)'
    return subprocess.run([sys.executable, '-c', code], env=foreign_environment()).returncode == 0


def foreign_environment():
    """mmpretrain cannot be imported beside current transformers: they live in another folder."""
    return dict(os.environ, PYTHONPATH=os.environ.get('TRANSFORMERS_FOLDER', ''))


def test_huggingface_folder(encoder, images, tmp_path):
    if not has_transformers():
        pytest.skip('set TRANSFORMERS_FOLDER to a folder with transformers, see docs/weights.md')
    tensors, config = to_huggingface(encoder)
    save_file(
        {name: tensor.contiguous().clone() for name, tensor in tensors.items()},
        tmp_path / 'model.safetensors',
        dict(format='pt'),
    )
    (tmp_path / 'config.json').write_text(json.dumps(config))
    save_file(dict(images=images), tmp_path / 'images')
    arguments = [tmp_path, tmp_path / 'images', tmp_path / 'out']
    done = subprocess.run(
        [sys.executable, '-c', FOREIGN, *map(str, arguments)],
        env=foreign_environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    features = load_file(tmp_path / 'out')['features']
    assert difference(features, our_features(encoder, images, False)) < 1e-5


def test_huggingface_splits_query_key_value(encoder):
    tensors, config = to_huggingface(encoder)
    parts = [tensors[f'encoder.layer.1.attention.attention.{n}.weight'] for n in _QKV]
    assert torch.equal(torch.cat(parts), encoder.tensors['layers.1.attn.qkv.weight'])
    assert config['num_attention_heads'] == HEADS and config['intermediate_size'] == 128
    assert len(tensors) == 6 + 16 * 2


_QKV = ('query', 'key', 'value')


def test_huggingface_has_no_classifier_of_ours(classifier, saved):
    with pytest.raises(ValueError, match='mean of the patches'):
        to_huggingface(read_encoder(saved(classifier), HEADS))


def test_our_own_files_and_bare_encoders(official, saved, tmp_path, encoder):
    state_dict = convert_official(saved(official)).state_dict
    torch.save(dict(state_dict=state_dict), tmp_path / 'ours.pth')
    torch.save(encoder.tensors, tmp_path / 'bare.pth')
    for name in ('ours.pth', 'bare.pth'):
        found = read_encoder(tmp_path / name, HEADS)
        assert found.tensors.keys() == encoder.tensors.keys()


def test_heads_must_be_known(official, saved):
    with pytest.raises(ValueError, match=r'how many attention heads .*official\.pth.* width is 32'):
        read_encoder(saved(official))


def test_damaged_encoder_is_named(official, saved, tmp_path):
    state_dict = dict(convert_official(saved(official)).state_dict)
    del state_dict['backbone.layers.0.ln1.bias']
    state_dict['backbone.layers.1.extra'] = torch.zeros(1)
    torch.save(dict(state_dict=state_dict), tmp_path / 'ours.pth')
    with pytest.raises(ValueError, match=r'(?s)missing: layers\.0\.ln1\.bias.*layers\.1\.extra'):
        read_encoder(tmp_path / 'ours.pth', HEADS)
