"""Released layouts load as they are, through the same loader as our own files."""

import shutil
from pathlib import Path

import pytest
import torch
from mmengine.runner import CheckpointLoader

from mmaddp.evaluation.parity import Recording, build_recorded_model
from mmaddp.registry import MODELS
from mmaddp.weights.official_keys import to_our_layout

FOLDER = Path(__file__).parents[1] / 'data' / 'reference'


@pytest.fixture(scope='module')
def reference():
    return Recording.load(FOLDER)


def part(reference, prefix):
    weights = reference.weights
    return {k.removeprefix(prefix): v for k, v in weights.items() if k.startswith(prefix)}


def load_part(config, file, prefix):
    init_cfg = dict(type='Pretrained', _scope_='mmaddp', checkpoint=str(file), prefix=prefix)
    module = MODELS.build(config | dict(init_cfg=init_cfg))
    module.init_weights()
    return module


def test_joint_file_fills_our_model(reference):
    loaded = CheckpointLoader.load_checkpoint(str(FOLDER / 'addp-official-layout.pth'), 'cpu')
    model = build_recorded_model(reference)
    for tensor in model.parameters():
        torch.nn.init.zeros_(tensor)
    model.load_state_dict(loaded['state_dict'])
    assert torch.equal(model.neck.mask_token, reference.weights['mask_token'])


@pytest.mark.parametrize('key', ['state_dict', None])
def test_tokenizer_file(reference, tmp_path, key):
    tensors = part(reference, 'vqgan.')
    torch.save({key: tensors} if key else tensors, tmp_path / 'vqgan.ckpt')
    config = dict(
        type='mmaddp.VQGAN',
        base_channels=32,
        channel_multipliers=(1, 1, 1, 1, 2),
        num_res_blocks=1,
        code_dims=32,
    )
    tokenizer = load_part(config, tmp_path / 'vqgan.ckpt', 'tokenizer.')
    assert torch.equal(tokenizer.quantize.embedding.weight, tensors['quantize.embedding.weight'])


def test_predictor_file(reference, tmp_path):
    tensors = part(reference, 'token_predictor.')
    torch.save(dict(model=tensors), tmp_path / 'mage.pth')
    widths = dict(embed_dims=32, num_layers=1, num_heads=2)
    decoder = {f'decoder_{name}': value for name, value in widths.items()}
    config = dict(type='mmaddp.MAGEPredictor', **widths, **decoder)
    predictor = load_part(config, tmp_path / 'mage.pth', 'token_predictor.')
    assert torch.equal(predictor.output.fc.weight, tensors['mlm_layer.fc.weight'])


def test_encoder_alone_from_the_joint_file(reference, tmp_path):
    shutil.copy(FOLDER / 'addp-official-layout.pth', tmp_path / 'addp.pth')
    arch = dict(embed_dims=32, num_layers=2, num_heads=2, feedforward_channels=128)
    encoder = load_part(dict(type='mmaddp.ADDPViT', arch=arch), tmp_path / 'addp.pth', 'backbone.')
    assert torch.equal(encoder.pre_norm.weight, reference.weights['tokenizer_norm.weight'])


WIDTHS = dict(embed_dims=32, num_layers=1, num_heads=2)
PARTS = {
    'tokenizer': dict(
        type='mmaddp.VQGAN',
        base_channels=32,
        channel_multipliers=(1, 1, 1, 1, 2),
        num_res_blocks=1,
        code_dims=32,
    ),
    'token_predictor': dict(
        type='mmaddp.MAGEPredictor',
        **WIDTHS,
        **{f'decoder_{name}': value for name, value in WIDTHS.items()},
    ),
}


@pytest.mark.parametrize('own', [True, False])
@pytest.mark.parametrize('prefix', PARTS)
def test_frozen_parts_from_a_joint_file(reference, tmp_path, prefix, own):
    """Under the prefix of a file of their own, from an official file and from a training."""
    file = FOLDER / 'addp-official-layout.pth'
    if own:
        content = CheckpointLoader.load_checkpoint(str(file), 'cpu')
        torch.save(content, tmp_path / 'epoch_1.pth')
        file = tmp_path / 'epoch_1.pth'
    module = load_part(PARTS[prefix], file, f'{prefix}.')
    expected = part(reference, 'vqgan.' if prefix == 'tokenizer' else 'token_predictor.')
    name = 'quantize.embedding.weight' if prefix == 'tokenizer' else 'token_emb.LayerNorm.weight'
    found = module.quantize.embedding if prefix == 'tokenizer' else module.token_embed.norm
    assert torch.equal(found.weight, expected[name])


def test_official_classifier_needs_its_key(reference):
    """A plain file of timm carries the same names and is left alone."""
    names = ('fc_norm.weight', 'head.weight', 'blocks.0.norm1.weight')
    tensors = dict.fromkeys(names, torch.zeros(2))
    assert to_our_layout(dict(tensors)) == tensors
    assert to_our_layout(dict(state_dict=tensors)) == dict(state_dict=tensors)
    assert list(to_our_layout(dict(model=tensors))['state_dict']) == [
        *('backbone.ln2.weight', 'head.fc.weight', 'backbone.layers.0.ln1.weight')
    ]


def test_our_own_files_pass_unchanged():
    checkpoint = dict(state_dict={'tokenizer.quantize.embedding.weight': torch.zeros(1)}, meta={})
    assert to_our_layout(checkpoint) is checkpoint
