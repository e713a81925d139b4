import runpy
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from PIL import Image

from mmaddp.datasets import SampleIndex, SeededDataset, TokenDataset
from mmaddp.registry import MODELS

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / 'tools' / 'dataset_converters' / 'cache_tokens.py'
TOKENIZER = dict(
    type='mmaddp.VQGAN',
    base_channels=8,
    channel_multipliers=(1, 1, 2),
    num_res_blocks=1,
    num_codes=24,
    code_dims=8,
    num_groups=4,
)


@pytest.fixture
def config(tmp_path):
    rng = np.random.default_rng(0)
    (tmp_path / 'images').mkdir()
    for i in range(5):
        Image.fromarray(rng.integers(0, 256, (30, 40, 3), np.uint8)).save(
            tmp_path / 'images' / f'{i}.png'
        )
    path = tmp_path / 'config.py'
    path.write_text(f"""
default_scope = 'mmpretrain'
model = dict(type='mmaddp.VQGANTraining', tokenizer={TOKENIZER!r})
pipeline = [
    dict(type='mmaddp.LoadRGBImage'),
    dict(type='RandomResizedCrop', scale=16, backend='pillow'),
    dict(type='PackInputs'),
]
train_dataloader = dict(
    batch_size=2,
    dataset=dict(
        type='mmaddp.SeededDataset',
        dataset=dict(
            type='CustomDataset',
            data_root={str(tmp_path / 'images')!r},
            with_label=False,
            pipeline=pipeline,
        ),
    ),
)
""")
    return path


@pytest.fixture
def checkpoint(tmp_path):
    torch.manual_seed(0)
    tokenizer = MODELS.build(TOKENIZER)
    state = {f'tokenizer.{key}': value for key, value in tokenizer.state_dict().items()}
    torch.save(
        dict(state_dict={**state, 'discriminator.weight': torch.ones(1)}), tmp_path / 't.pth'
    )
    return tmp_path / 't.pth'


def run(*args):
    """The tool as a function; it may set the default scope, which is put back."""
    main = runpy.run_path(str(TOOL))['main']
    init_default_scope('mmpretrain')
    main([str(arg) for arg in args])


def test_cache_tokens(config, checkpoint, tmp_path, capsys):
    out = tmp_path / 'tokens.safetensors'
    run(config, checkpoint, '--out', out, '--num-views', 3, '--batch-size', 4)
    assert '5 images x 3 views x 16 tokens' in capsys.readouterr().out
    dataset = TokenDataset(str(out), num_codes=24, tokenizer_file=str(checkpoint))

    # the same, one image at a time
    tokenizer = MODELS.build(TOKENIZER).eval()
    state = torch.load(checkpoint, weights_only=True)['state_dict']
    tokenizer.load_state_dict(
        {key[10:]: value for key, value in state.items() if key.startswith('tokenizer.')}
    )
    inner = Config.fromfile(config).train_dataloader.dataset.dataset
    init_default_scope('mmpretrain')
    images = SeededDataset(inner, seed=0)
    agreeing = []
    for i in range(5):
        for view in range(3):
            sample = images[SampleIndex(i, view)]
            token_ids = tokenizer.encode(sample['inputs'][None] / 255)[0][0]
            agreeing.append((token_ids == dataset.cache.read(i, view)).float().mean())
        assert dataset.cache.file_names[i].endswith(f'{i}.png')
    # a code on the edge may flip between batch sizes
    assert torch.stack(agreeing).mean() > 0.98
    assert not torch.equal(dataset.cache.read(0, 0), dataset.cache.read(0, 1))


def test_cache_tokens_refuses_bad_input(config, checkpoint, tmp_path, capsys):
    out = tmp_path / 'a.safetensors'
    for arguments, message in (
        ([tmp_path / 'absent.pth', '--out', out], 'absent.pth'),
        ([checkpoint, '--out', out, '--cfg-options', 'nope=1'], "--cfg-options sets 'nope'"),
        (
            [checkpoint, '--out', out, '--cfg-options', 'train_dataloader.dataset.seeed=1'],
            "train_dataloader.dataset.seeed: SeededDataset has none (did you mean 'seed'?)",
        ),
    ):
        with pytest.raises(SystemExit) as ended:
            run(config, *arguments)
        assert ended.value.code.startswith('cache_tokens: ') and message in ended.value.code
    for flags in (['--out', tmp_path / 'a.pth'], ['--out', 'a.safetensors', '--num-views', 0]):
        with pytest.raises(SystemExit) as ended:
            run(config, 'a.pth', *flags)
        assert ended.value.code == 1
    assert '--num-views must be at least 1, got 0' in capsys.readouterr().err
    assert not out.exists()
