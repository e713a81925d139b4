"""Every tensor of an official file is accounted for."""

import pytest
import torch
from conversion_helpers import without_prefix

from mmaddp.registry import MODELS
from mmaddp.weights.checkpoint import load_weights
from mmaddp.weights.conversion import convert_official, take_part
from mmaddp.weights.conversion.widths import classifier_config


def test_joint_file(official, saved):
    converted = convert_official(saved(official))
    assert converted.kind == 'addp' and converted.new == []
    assert len(converted.mapped) + len(converted.dropped) == len(official)
    for name, ours in converted.mapped.items():
        assert converted.state_dict[ours] is not None, name
        assert torch.equal(converted.state_dict[ours], official[name]), name


@pytest.mark.parametrize('key', ['state_dict', 'model', None])
def test_tokenizer(official, saved, key):
    converted = convert_official(saved(without_prefix(official, 'vqgan.'), key=key))
    assert converted.kind == 'vqgan' and not converted.dropped
    assert all(name.startswith('tokenizer.') for name in converted.state_dict)


def test_predictor(official, saved):
    tensors = without_prefix(official, 'token_predictor.')
    converted = convert_official(saved(tensors))
    assert converted.kind == 'mage'
    assert 'token_predictor.output.fc.weight' in converted.state_dict
    assert converted.dropped['token_emb.position_ids'].startswith('a constant')


@pytest.mark.parametrize('key', ['model', None])
def test_classifier(classifier, saved, key):
    converted = convert_official(saved(classifier, key=key))
    assert converted.kind == 'classifier'
    model = MODELS.build(classifier_config(converted.state_dict))
    load_weights(model, converted.state_dict, 'it')
    assert torch.equal(model.head.fc.weight, classifier['head.weight'])
    assert torch.equal(model.backbone.ln2.bias, classifier['fc_norm.bias'])


def damaged(tensors, lost, added, cut):
    tensors = dict(tensors) | {added: torch.zeros(3)}
    del tensors[lost]
    tensors[cut] = tensors[cut][..., :-1]
    return tensors


DAMAGES = [
    ('vqgan.encoder.down.2.block.0.conv1.weight', 'blocks.0.extra', 'token_emb.weight'),
    ('blocks.1.mlp.fc1.bias', 'vqgan.quantize.extra', 'pos_embed'),
    ('token_predictor.mlm_layer.bias', 'args', 'token_predictor.decoder_pos_embed_learned'),
    ('mask_token', 'blocks.1.attn.extra.weight', 'blocks.0.norm1.weight'),
    ('token_predictor.token_emb.word_embeddings.weight', 'fc_norm.weight', 'mlm_layer.bias'),
]


@pytest.mark.parametrize('lost, added, cut', DAMAGES)
def test_gap_surplus_and_shape_are_named_together(official, saved, lost, added, cut):
    path = saved(damaged(official, lost, added, cut))
    with pytest.raises(ValueError, match=r'official\.pth') as error:
        convert_official(path)
    missing, extra, shapes = str(error.value).splitlines()[1:4]
    assert missing.startswith(f'  missing: {lost} (ours: ') and ',' not in missing
    assert extra == f'  without a place in our model: {added}'
    assert shapes.count('expected') == 1 and 'of another shape' in shapes
    assert str(tuple(official[cut].shape)) in shapes


def test_codebook_and_vocabulary_must_agree(official, saved):
    tensors = dict(official)
    tensors['vqgan.quantize.embedding.weight'] = torch.zeros(1000, 32)
    with pytest.raises(ValueError, match=r'quantize.*\(1000, 32\), expected \(1024, 32\)'):
        convert_official(saved(tensors))


def test_gaps_that_are_allowed_are_new(official, saved):
    tensors = {k: v for k, v in official.items() if not k.startswith('mlm_layer.')}
    path = saved(tensors)
    with pytest.raises(ValueError, match=r'missing: mlm_layer\.'):
        convert_official(path)
    converted = convert_official(path, allow_missing=[r'head\.'])
    assert sorted(converted.new) == sorted(
        ['head.output.bias']
        + [f'head.output.{part}.{kind}' for part in ('fc', 'norm') for kind in ('weight', 'bias')]
    )
    assert 'new, not in the file: head.output' in str(converted)


def test_other_files_and_kinds_are_named(official, saved):
    path = saved({'stem.weight': torch.zeros(1)}, key='state_dict', name='resnet.pth')
    with pytest.raises(ValueError, match='argparse'):
        convert_official(path)
    torch.save(dict(state_dict={'stem.weight': torch.zeros(1)}), path)
    with pytest.raises(ValueError, match=r'resnet\.pth is not an official .*stem'):
        convert_official(path)
    with pytest.raises(ValueError, match="is of kind 'addp', not 'mage'"):
        convert_official(saved(official), 'mage')
    with pytest.raises(ValueError, match=r"kind must be auto or one of addp, mage.*'vq'"):
        convert_official(saved(official), 'vq')


def test_parts(official, saved):
    state_dict = convert_official(saved(official)).state_dict
    parts = {n: take_part(state_dict, n) for n in ('tokenizer', 'token_predictor', 'addp')}
    assert sum(map(len, parts.values())) == len(state_dict)
    assert 'tokenizer.quantize.embedding.weight' in parts['tokenizer']
    assert 'token_predictor.token_embed.word.weight' in parts['token_predictor']
    assert {name.partition('.')[0] for name in parts['addp']} == {'backbone', 'neck', 'head'}
    assert 'backbone.pre_norm.bias' in take_part(state_dict, 'backbone')
    with pytest.raises(ValueError, match="no part 'backbone'"):
        take_part(parts['tokenizer'], 'backbone')
