import errno
import os
import runpy
import shutil
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from free_port import free_port
from mmengine.config import Config
from mmengine.dataset import default_collate
from mmengine.optim import OptimWrapper
from mmengine.registry import init_default_scope
from PIL import Image
from torch.utils.data import DataLoader
from toy_models import toy_addp, toy_target_generator, toy_tokenizer

from mmaddp.datasets import SeededDataset, SeededSampler, TokenDataset
from mmaddp.registry import MODELS
from mmaddp.run.token_caching import TokenCaching, build_dataset
from mmaddp.utils.tensor_hashing import tensors_sha256

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / 'tools' / 'dataset_converters' / 'cache_tokens.py'
NUM_IMAGES, NUM_CODES, BATCH = 10, 24, 4
CONFIG = """
default_scope = 'mmpretrain'
model = dict(type='mmaddp.VQGANTraining', tokenizer={tokenizer!r})
pipeline = [
    dict(type='mmaddp.LoadRGBImage'),
    dict(type='RandomResizedCrop', scale=32, backend='pillow'),
    dict(type='PackInputs'),
]
train_dataloader = dict(
    batch_size=2,
    dataset=dict(
        type='mmaddp.SeededDataset',
        dataset=dict(
            type='CustomDataset', data_root={root!r}, with_label=False, pipeline=pipeline
        ),
    ),
)
"""


@pytest.fixture
def config(tmp_path):
    rng = np.random.default_rng(0)
    root = tmp_path / 'images'
    root.mkdir()
    for i in range(NUM_IMAGES):
        Image.fromarray(rng.integers(0, 256, (40, 50, 3), np.uint8)).save(root / f'{i}.png')
    path = tmp_path / 'config.py'
    path.write_text(CONFIG.format(tokenizer=toy_tokenizer(), root=str(root)))
    return path


@pytest.fixture
def checkpoint(tmp_path):
    torch.manual_seed(0)
    tokenizer = MODELS.build(toy_tokenizer())
    tokenizer.quantize.embedding.weight.data.normal_()  # so that many codes are in use
    state = {f'tokenizer.{key}': value for key, value in tokenizer.state_dict().items()}
    content = dict(state_dict={**state, 'discriminator.weight': torch.ones(1)})
    torch.save(content, tmp_path / 't.pth')
    return tmp_path / 't.pth'


@pytest.fixture
def caching(config, checkpoint):
    """Make the object that writes the cache, with small shards."""
    settings = dict(num_views=3, batch_size=BATCH, images_per_shard=4, num_workers=0)

    def make(out, **changes):
        init_default_scope('mmpretrain')
        return TokenCaching(str(checkpoint), out, config=str(config), **settings | changes)

    return make


def run(*args):
    """The tool as a function; it may set the default scope, which is put back."""
    main = runpy.run_path(str(TOOL))['main']
    init_default_scope('mmpretrain')
    main([str(arg) for arg in args])


def contents(folder):
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


def test_cache_tokens(config, checkpoint, tmp_path, capsys):
    out = tmp_path / 'tokens'
    run(config, checkpoint, '--out', out, '--num-views', 3, '--images-per-shard', 4)
    said = capsys.readouterr().out
    assert f'{out}: 10 images x 3 views x 16 tokens' in said
    assert '3 of 3 shards written by this process, complete' in said
    pipeline = Config.fromfile(config).pipeline
    cache = TokenDataset(str(out), NUM_CODES, pipeline).cache
    assert cache.file_name(7).endswith('/7.png')
    views = cache.read([3, 3, 3], [0, 1, 2])
    assert len({tuple(view) for view in views.tolist()}) == 3 and len(views.unique()) > 3
    state = torch.load(checkpoint, weights_only=True)['state_dict']
    tokenizer = {k[10:]: v for k, v in state.items() if k.startswith('tokenizer.')}
    manifest = cache.manifest
    assert manifest.tokenizer_sha256 == tensors_sha256(tokenizer)
    assert manifest.image_size == (32, 32) and (manifest.seed, manifest.batch_size) == (0, 64)
    assert manifest.augmentation[1] == "RandomResizedCrop(backend='pillow', scale=32)"


def test_ranks_and_interruptions_change_no_byte(caching, tmp_path):
    whole = caching(tmp_path / 'one')
    whole.write(whole.missing())
    for rank in (1, 0):
        part = caching(tmp_path / 'two', num_workers=rank)
        part.rank, part.num_ranks = rank, 2
        assert part.own_share() == ([1] if rank else [0, 2])
        if not rank:  # it ends after its first shard
            part.write(part.own_share()[:1])
            part = caching(tmp_path / 'two')
            assert part.own_share() == [2]
        part.write(part.own_share())
    assert contents(tmp_path / 'one') == contents(tmp_path / 'two')
    with pytest.raises(ValueError, match='num_views: made with 3, asked for 2'):
        caching(tmp_path / 'two', num_views=2)


def test_a_full_disk_is_noticed_before_the_work(caching, tmp_path, monkeypatch):
    full = caching(tmp_path / 'full')
    monkeypatch.setattr('shutil.disk_usage', lambda _: shutil._ntuple_diskusage(10**12, 10**12, 9))
    with pytest.raises(OSError, match='MB are needed, 0 MB are free') as error:
        full.write(full.missing())
    assert error.value.errno == errno.ENOSPC and error.value.filename == str(tmp_path / 'full')


def losses_of_training(model, dataset):
    """Two epochs of training; the losses and the weights, in the end."""
    model = MODELS.build(model)
    model.init_weights()
    model.train()
    wrapper = OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1))
    sampler = SeededSampler(dataset, seed=0)
    loader = DataLoader(dataset, BATCH, sampler=sampler, collate_fn=default_collate, drop_last=True)
    losses = []
    for epoch in range(2):
        sampler.set_epoch(epoch)
        for batch in loader:
            losses.append(model.train_step(batch, wrapper)['loss'].item())
    return losses, model.state_dict()


@pytest.mark.parametrize('masks', [{}, dict(per_sample=True)])
def test_a_cached_training_is_the_uncached_one(caching, checkpoint, config, tmp_path, masks):
    """To the bit, for as many epochs as there are versions, where batches have one size."""
    out = caching(tmp_path / 'tokens')
    out.write(out.missing())
    init = dict(
        type='Pretrained', _scope_='mmaddp', checkpoint=str(checkpoint), prefix='tokenizer.'
    )
    sampler = dict(type='mmaddp.NestedMaskSampler', **masks)
    generator = toy_target_generator(tokenizer=toy_tokenizer(init_cfg=init), mask_sampler=sampler)
    model = toy_addp(target_generator=generator)
    images = build_dataset(Config.fromfile(config).train_dataloader.dataset, seed=None)
    tokens = SeededDataset(TokenDataset(str(tmp_path / 'tokens'), NUM_CODES))
    results = []
    for dataset in (images, tokens):
        torch.manual_seed(0)
        results.append(losses_of_training(model, dataset))
    (losses, weights), (cached_losses, cached_weights) = results
    assert len(losses) == 4 and losses == cached_losses
    assert all(torch.equal(value, cached_weights[key]) for key, value in weights.items())


def test_refuses_bad_input(config, checkpoint, tmp_path, capsys):
    out = tmp_path / 'a'
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
    with pytest.raises(SystemExit) as ended:
        run(config, 'a.pth', '--out', 'a', '--num-views', 0)
    assert ended.value.code == 1
    assert '--num-views must be at least 1, got 0' in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.slow
def test_two_processes_that_are_killed(ready_python, caching, config, checkpoint, tmp_path):
    """Two ranks of torchrun, killed after the first shards; one process goes on."""
    settings = dict(num_views=200, images_per_shard=1)
    whole = caching(tmp_path / 'one', **settings)
    whole.write(whole.missing())
    out = tmp_path / 'two'
    options = [config, checkpoint, '--out', out, '--num-views', 200, '--images-per-shard', 1]
    options += ['--batch-size', BATCH, '--num-workers', 0]
    launch = ['-m', 'torch.distributed.run', '--nproc_per_node=2', f'--master_port={free_port()}']
    command = [ready_python, *launch, TOOL, *options, '--launcher', 'pytorch']
    environment = dict(os.environ, PYTHONPATH=str(ROOT), OMP_NUM_THREADS='1')
    environment['PYTHON_EXEC'] = str(ready_python)
    with subprocess.Popen(list(map(str, command)), env=environment) as process:
        while len(list(out.glob('*.safetensors'))) < 2:
            assert process.poll() is None, 'it ended before it could be killed'
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    time.sleep(2)  # its ranks end
    done = contents(out)
    assert len(done) < NUM_IMAGES + 1
    run(*options)
    assert contents(out) == contents(tmp_path / 'one')
    assert done.items() <= contents(out).items()
