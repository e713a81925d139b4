import json
from pathlib import Path

import pytest
import torch
from toy_models import toy_addp

from mmaddp.registry import MODELS
from mmaddp.weights.key_map import KeyMap
from mmaddp.weights.official_keys import ADDP_KEYS

REFERENCE = Path(__file__).parents[1] / 'data' / 'reference' / 'reference.json'
MAP = KeyMap(rules=(('a.{p}', 'b.{p}'),), drops=((r'a\.bias|c', 'not used'),))


def tensors(*names):
    return dict.fromkeys(names, torch.zeros(1))


def test_mapped_and_dropped():
    conversion = MAP.convert(tensors('a.weight', 'a.bias', 'c'))
    assert list(conversion.mapped) == ['b.weight']
    assert conversion.dropped == {'a.bias': 'not used', 'c': 'not used'}


def test_prefix_applies_to_every_alternative():
    moved = MAP.under('x.', 'y.')
    conversion = moved.convert(tensors('x.a.weight', 'x.c'))
    assert list(conversion.mapped) == ['y.b.weight'] and list(conversion.dropped) == ['x.c']
    assert moved.rename('a.weight') is None and moved.drop_reason('c') is None


@pytest.mark.parametrize('name', ['a.weight.x', 'xa.weight', 'a_weight', 'a.other'])
def test_templates_match_whole_names(name):
    assert MAP.rename(name) is None


def test_several_fields_keep_their_order():
    keys = KeyMap(rules=(('blocks.{i}.{*}.{p}', 'layers.{i}.x{*}.{p}'),))
    assert keys.rename('blocks.12.mlp.fc.bias') == 'layers.12.xmlp.fc.bias'
    assert keys.inverse().rename('layers.12.xmlp.fc.bias') == 'blocks.12.mlp.fc.bias'
    assert keys.rename('blocks.a.mlp.bias') is None


def test_unknown_names_are_listed():
    with pytest.raises(ValueError, match=r'2 tensors of it\.pth .*: d, a\.x\.y\.'):
        MAP.convert(tensors('d', 'a.weight', 'a.x.y'), 'it.pth')


def test_two_tensors_with_one_name():
    both = KeyMap(rules=(('a', 'c'), ('b', 'c')))
    with pytest.raises(ValueError, match=r'1 tensors .*: b'):
        both.convert(tensors('a', 'b'))


def test_official_names_fill_our_model():
    """Every official name is mapped or dropped; what is mapped are names of our network."""
    names = json.loads(REFERENCE.read_text())['state_dict']
    conversion = ADDP_KEYS.convert({name: torch.zeros(0) for name in names})
    ours = {_pattern(name) for name in MODELS.build(toy_addp()).state_dict()}
    assert {_pattern(name) for name in conversion.mapped} == ours
    unused = {name for name in conversion.dropped if not name.startswith('token_predictor.')}
    expected = {'decoder_pos_embed', 'pos_token_embed', 'pos_mask_embed'}
    assert unused == expected | {'decoder_pred.weight', 'decoder_pred.bias'}


def _pattern(name: str) -> str:
    return '.'.join('N' if part.isdigit() else part for part in name.split('.'))
