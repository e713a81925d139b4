"""Every tool opens the plain weights in the place of the checkpoint, with the same result."""

import pytest
import torch
from mmengine.config import Config
from safetensors import safe_open
from safetensors.torch import load_file
from test_tools.conftest import TOY
from test_tools.test_test import IMAGES

from mmaddp.registry import MODELS
from mmaddp.weights.plain_weights import write_plain_file

pytestmark = pytest.mark.slow


@pytest.fixture
def toy(tmp_path):
    """A configuration of ADDP at toy size with its checkpoint, plain weights beside it."""
    (tmp_path / 'toy.py').write_text(
        f'_base_ = [{str(TOY)!r}, {str(IMAGES)!r}]\n'
        'test_dataloader = dict(batch_size=2, dataset=dict(num_images=2))\n'
    )
    model = Config.fromfile(TOY).model
    for part in (model.target_generator.tokenizer, model.target_generator.token_predictor):
        part.init_cfg = None
    checkpoint = dict(state_dict=MODELS.build(model).state_dict(), meta=dict(epoch=1, iter=2))
    torch.save(checkpoint, tmp_path / 'epoch_1.pth')
    write_plain_file(tmp_path / 'epoch_1.pth')
    return tmp_path / 'toy.py'


def pictures(folder):
    return {path.name: path.read_bytes() for path in folder.rglob('*.png')}


def test_tools(call_tool, toy, tmp_path):
    for name in ('epoch_1.pth', 'epoch_1.safetensors'):
        out = f'test_cfg.out_dir=tested/{name}'
        calls = [
            ('test.py', toy, name, '--work-dir', 'logs', '--cfg-options', out),
            ('generate.py', toy, name, '--num-images', 2, '--out', f'generated/{name}'),
            (
                'model_converters/mmaddp_to_timm.py',
                name,
                f'timm-{name}.safetensors',
                '--num-heads',
                2,
            ),
        ]
        for tool, *arguments in calls:
            done = call_tool(tool, *arguments)
            assert done.returncode == 0, done.stdout
    for kind in ('tested', 'generated'):
        one, other = (
            pictures(tmp_path / kind / f'epoch_1{end}') for end in ('.pth', '.safetensors')
        )
        assert one == other and len(one) >= 2
    one, other = (
        load_file(tmp_path / f'timm-epoch_1{end}.safetensors') for end in ('.pth', '.safetensors')
    )
    assert one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


def test_an_older_checkpoint_is_converted(call_tool, toy, tmp_path):
    done = call_tool('model_converters/mmaddp_to_safetensors.py', 'epoch_1.pth', 'new.safetensors')
    assert done.returncode == 0, done.stdout
    new, beside = (
        safe_open(tmp_path / name, 'pt') for name in ('new.safetensors', 'epoch_1.safetensors')
    )
    assert new.metadata() == beside.metadata() and len(new.metadata()) >= 2
    keys = new.keys()
    assert keys == beside.keys()
    assert all(torch.equal(new.get_tensor(key), beside.get_tensor(key)) for key in keys)
    done = call_tool('model_converters/mmaddp_to_safetensors.py', 'epoch_1.pth', 'new.pth')
    assert done.returncode == 1 and 'DST must end in .safetensors' in done.stdout


def test_training_starts_from_it(call_tool, toy, tmp_path):
    plain = 'epoch_1.safetensors'
    options = [
        f'load_from={plain}',
        *(
            f'model.target_generator.{part}.init_cfg.checkpoint={plain}'
            for part in ('tokenizer', 'token_predictor')
        ),
    ]
    done = call_tool('train.py', toy, '--dry-run', '--cfg-options', *options)
    assert done.returncode == 0, done.stdout
