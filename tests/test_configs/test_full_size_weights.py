"""The full-size models hold the tensors of the released files, no more and no less."""

import json
import re
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

import mmaddp.engine  # noqa: F401
from mmaddp.registry import MODELS
from mmaddp.run.dry_run import count_parameters
from mmaddp.weights.conversion import convert_official, to_official, write_weights
from mmaddp.weights.official_keys import ADDP_KEYS

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
CONFIGS = dict(
    base='addp_vit-base-p16_8xb512-amp-coslr-1600e_in1k-256px.py',
    large='addp_vit-large-p16_8xb512-amp-coslr-800e_in1k-256px.py',
)
# blocks, decoder_blocks, token_predictor.blocks, token_predictor.decoder_blocks
DEPTHS = dict(base=(12, 8, 12, 8), large=(24, 8, 24, 8))
STACKS = ('blocks', 'decoder_blocks', 'token_predictor.blocks', 'token_predictor.decoder_blocks')
NUM_RES_BLOCKS = 2
SHORTCUT_LEVELS = dict(encoder=(2, 4), decoder=(1, 3))
WIDTHS = dict(base=768, large=1024)


@pytest.fixture(scope='module')
def reference_names():
    path = ROOT / 'tests' / 'data' / 'reference' / 'reference.json'
    return list(json.loads(path.read_text())['state_dict'])


def build(size):
    init_default_scope('mmpretrain')
    with torch.device('meta'):
        return MODELS.build(Config.fromfile(ROOT / 'configs' / 'addp' / CONFIGS[size]).model)


def full_size_names(names, size):
    """Official names at full size: those of the reference, with more layers."""
    found = set()
    for name in names:
        stack = next((s for s in STACKS if name.startswith(f'{s}.')), None)
        if stack:
            rest = name.removeprefix(f'{stack}.').partition('.')[2]
            depth = DEPTHS[size][STACKS.index(stack)]
            found |= {f'{stack}.{index}.{rest}' for index in range(depth)}
        elif re.search(r'(down|up)\.\d+\.block\.0\.', name):
            found |= {name.replace('.block.0.', f'.block.{i}.') for i in range(NUM_RES_BLOCKS)}
        else:
            found.add(name)
    return {name for name in found if 'nin_shortcut' not in name} | set(_shortcuts())


def _shortcuts():
    """Where the released tokenizer changes its width: 1, 1, 2, 2, 4 times 128 channels."""
    for part, levels in SHORTCUT_LEVELS.items():
        for level in levels:
            way = 'down' if part == 'encoder' else 'up'
            name = f'vqgan.{part}.{way}.{level}.block.0.nin_shortcut.weight'
            yield from (name, f'token_predictor.{name}')


@pytest.mark.parametrize('size', CONFIGS)
def test_names_are_the_official_ones_less_the_drop_list(size, reference_names):
    official = full_size_names(reference_names, size)
    used = {name for name in official if ADDP_KEYS.drop_reason(name) is None}
    ours = build(size).state_dict()
    assert {ADDP_KEYS.rename(name) for name in used} == set(ours)
    width = WIDTHS[size]
    assert ours['backbone.pos_embed'].shape == (1, 257, width)
    assert ours['neck.token_embed'].shape == (2025, width)
    assert ours['target_generator.tokenizer.quantize.embedding.weight'].shape == (1024, 256)


# Trained and frozen. ViT-B: the official 146.87 M less decoder_pred (590,592) and the two position
# tables (394,752) that no output depends on; a frozen third one does not count there.
PARAMETERS = dict(base=(145_883_625, 199_412_332), large=(409_104_361, 462_304_108))


@pytest.mark.parametrize('size', CONFIGS)
def test_parameter_counts(size):
    counts = count_parameters(build(size)).values()
    trained = sum(trainable for _, trainable in counts)
    assert (trained, sum(total for total, _ in counts) - trained) == PARAMETERS[size]


def official_tensor(name, shape):
    """A random tensor that depends on its name alone, so that none has to be kept."""
    name = name.removeprefix('token_predictor.') if '.vqgan.' in name else name
    seed = int.from_bytes(name.encode()[-7:], 'big')
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def test_round_trip_of_a_full_size_checkpoint(tmp_path):
    """ViT-B, 1.5 GB: official -> ours -> official, through files."""
    back = ADDP_KEYS.inverse()
    shapes = {back.rename(name): value.shape for name, value in build('base').state_dict().items()}
    tensors = {name: official_tensor(name, shape) for name, shape in shapes.items()}
    torch.save(dict(model=tensors), tmp_path / 'official.pth')
    del tensors
    converted = convert_official(tmp_path / 'official.pth')
    (tmp_path / 'official.pth').unlink()
    assert (converted.kind, converted.new, converted.dropped) == ('addp', [], {})
    write_weights(tmp_path / 'ours.pth', converted.state_dict, {})
    del converted
    layout = to_official(tmp_path / 'ours.pth')
    (tmp_path / 'ours.pth').unlink()
    for name, shape in shapes.items():
        assert torch.equal(layout.tensors[name], official_tensor(name, shape)), name
