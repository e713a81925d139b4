import json
from pathlib import Path

import pytest
import torch
from toy_models import toy_addp

from mmaddp.registry import MODELS
from mmaddp.utils.key_map import KeyMap
from mmaddp.utils.official_keys import ADDP_KEYS

REFERENCE = Path(__file__).parents[1] / 'data' / 'reference' / 'reference.json'
MAP = KeyMap(rules=((r'a\.(\w+)', r'b.\1'),), drops=((r'a\.old|c', 'not used'),))


def test_mapped_and_dropped():
    tensors = {name: torch.zeros(1) for name in ('a.new', 'a.old', 'c')}
    conversion = MAP.convert(tensors)
    assert list(conversion.mapped) == ['b.new']
    assert conversion.dropped == {'a.old': 'not used', 'c': 'not used'}


def test_prefix_applies_to_every_alternative():
    moved = MAP.under('x.', 'y.')
    conversion = moved.convert({'x.a.new': torch.zeros(1), 'x.c': torch.zeros(1)})
    assert list(conversion.mapped) == ['y.b.new'] and list(conversion.dropped) == ['x.c']
    assert moved.rename('a.new') is None and moved.drop_reason('c') is None


def test_unknown_names_are_listed():
    with pytest.raises(ValueError, match=r'2 tensors .*: d, a\.x\.y\.'):
        MAP.convert({'d': torch.zeros(1), 'a.ok': torch.zeros(1), 'a.x.y': torch.zeros(1)})


def test_two_tensors_with_one_name():
    both = KeyMap(rules=((r'[ab]', 'c'),))
    with pytest.raises(ValueError, match=r'1 tensors .*: b'):
        both.convert({'a': torch.zeros(1), 'b': torch.zeros(1)})


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
