"""Parameters and operations of parts, against numbers that are worked out by hand."""

import json

import pytest
import torch
from mmengine.config import Config
from test_run.test_analysis.analysed import ADDP, TOYS

from mmaddp import cli
from mmaddp.registry import MODELS
from mmaddp.run.analysis.parts import count_parts, table
from mmaddp.run.benchmark.measure import gflop
from mmaddp.run.benchmark.settings import Settings


def toy(name):
    (file,) = TOYS.glob(name)
    return str(file)


def counted(config, **options):
    return {part.name: part for part in count_parts(Settings(str(config), **options), depth=3)}


def test_vision_transformer_by_hand():
    found = counted(toy('classifier-*'))
    tokens, width, patches = 17, 16, 16
    layers = found['backbone.layers']
    cfg = Config.fromfile(toy('classifier-*')).model.backbone.arch
    hidden, depth = cfg['feedforward_channels'], cfg['num_layers']
    matrices = 4 * tokens * width * width + 2 * tokens * width * hidden
    attention = 2 * tokens * tokens * width
    assert layers.flops == 2 * depth * (matrices + attention)
    assert found['backbone.patch_embed'].flops == 2 * patches * width * 3 * 8 * 8
    assert found['head'].flops == 2 * width * 10 and found['head'].parameters == 10 * (width + 1)
    assert found[''].flops == found['backbone'].flops + found['head'].flops


def test_pretraining_has_all_its_parts():
    found = counted(ADDP)
    parts = [found[name] for name in ('backbone', 'neck', 'head', 'target_generator')]
    whole = found['']
    assert sum(part.parameters for part in parts) == whole.parameters
    assert sum(part.flops for part in parts) == whole.flops > 0
    generator = found['target_generator']
    assert generator.trained == 0 and generator.parameters > 0
    assert whole.trained == whole.parameters - generator.parameters
    torch.manual_seed(0)
    model = MODELS.build(dict(Config.fromfile(ADDP).model, _scope_='mmaddp')).eval()
    picture = torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        assert whole.flops / 1e9 == pytest.approx(gflop(lambda: model.loss(picture, None)))


@pytest.mark.parametrize('name', ['mask-rcnn-*', 'upernet-*', 'mage-*', 'vqgan-*'])
def test_every_kind_of_model_is_counted(name):
    found = counted(toy(name))
    top = [part for key, part in found.items() if key and '.' not in key]
    assert found[''].flops > 0 and sum(part.flops for part in top) <= found[''].flops
    assert sum(part.parameters for part in top) == found[''].parameters
    assert any(part.flops for part in top)


def test_command(capsys):
    cli.main(['analyze', 'parts', str(ADDP), '--depth', '1'])
    said = capsys.readouterr().out
    assert 'ADDPViT' in said and 'tokenizer' not in said
    cli.main(['analyze', 'parts', toy('upernet-*'), '--json', '--size', '128', '--depth', '1'])
    large = json.loads(capsys.readouterr().out)
    small = counted(toy('upernet-*'), size=64)
    assert large[0]['flops'] > 2 * small[''].flops
    lines = table(count_parts(Settings(str(ADDP)), depth=1)).splitlines()
    assert len({len(line) for line in lines}) == 1, 'columns are straight'
