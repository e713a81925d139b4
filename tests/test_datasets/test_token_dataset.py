import json
import os
import pickle

import numpy as np
import pytest
import torch
from mmengine.dataset import default_collate
from safetensors.torch import load_file, save_file
from torch.utils.data import DataLoader

from mmaddp.datasets import SampleIndex, SeededDataset, TokenDataset
from mmaddp.datasets.augmentation_text import augmentation_text
from mmaddp.datasets.token_cache import (
    TokenCache,
    claim_cache,
    missing_shards,
    write_shard,
    write_token_cache,
)
from mmaddp.datasets.token_manifest import TokenManifest
from mmaddp.registry import DATASETS

NUM_IMAGES, NUM_VIEWS, NUM_TOKENS, NUM_CODES = 7, 3, 16, 40
NAMES = [f'folder/ümlaut "{i}".png' for i in range(NUM_IMAGES)]
PIPELINE = [
    dict(type='mmaddp.LoadRGBImage', skip_broken=True),
    dict(type='RandomResizedCrop', scale=16, crop_ratio_range=(0.2, 1.0)),
    dict(type='PackInputs'),
]
LAST = 'tokens-000002.safetensors'


@pytest.fixture
def token_ids():
    generator = torch.Generator().manual_seed(0)
    return torch.randint(NUM_CODES, (NUM_IMAGES, NUM_VIEWS, NUM_TOKENS), generator=generator)


@pytest.fixture
def folder(tmp_path, token_ids):
    made_with = dict(tokenizer_sha256='a' * 64, augmentation=augmentation_text(PIPELINE))
    write_token_cache(tmp_path / 'tokens', token_ids, NAMES, NUM_CODES, 3, **made_with)
    return tmp_path / 'tokens'


def test_round_trip(folder, token_ids):
    cache = TokenCache(folder)
    assert sorted(file.name for file in folder.iterdir()) == [
        'manifest.json',
        *(f'tokens-00000{shard}.safetensors' for shard in range(3)),
    ]
    images, views = [6, 0, 3, 3, 2], [2, 0, 1, 1, 0]
    for each in (cache, pickle.loads(pickle.dumps(cache))):
        found = each.read(images, views)
        assert found.dtype == torch.long and torch.equal(found, token_ids[images, views])
        assert [each.file_name(image) for image in range(NUM_IMAGES)] == NAMES


def test_large_codebooks_do_not_overflow(tmp_path):
    token_ids = torch.tensor([[[0, 2**15 - 1, 2**15, 99_999]]])
    write_token_cache(tmp_path / 'a', token_ids, ['a'], 100_000)
    assert torch.equal(TokenCache(tmp_path / 'a').read([0], [0]), token_ids[0])


def test_write_is_checked_and_atomic(tmp_path, token_ids):
    with pytest.raises(ValueError, match='codebook has 7 codes'):
        write_token_cache(tmp_path / 'a', token_ids, NAMES, 7)
    assert [file.name for file in (tmp_path / 'a').iterdir()] == ['manifest.json']
    with pytest.raises(ValueError, match='for 2 files'):
        write_token_cache(tmp_path / 'b', token_ids, NAMES[:2], NUM_CODES)
    manifest = TokenManifest(4, 3, 16, NUM_CODES, 3)
    for ids, names in ((token_ids[:1], NAMES[:2]), (token_ids[:2], NAMES[:1])):
        with pytest.raises(ValueError, match=r'Shard 1 takes 1 names and token ids of shape \(1,'):
            write_shard(tmp_path, manifest, 1, ids, names)
    assert not list(tmp_path.glob('*.safetensors'))


def test_a_shard_depends_on_what_is_in_it_alone(folder, tmp_path, token_ids):
    """So ranks can share the work, and an interrupted run can be continued."""
    manifest = TokenCache(folder).manifest
    other = tmp_path / 'other'
    claim_cache(other, manifest)
    for shard in (2, 0, 1):
        assert shard in list(missing_shards(other, manifest))
        part = slice(manifest.images(shard).start, manifest.images(shard).stop)
        write_shard(other, manifest, shard, token_ids[part].int(), NAMES[part])
        claim_cache(other, manifest)
    assert list(missing_shards(other, manifest)) == []
    for file in folder.iterdir():
        assert file.read_bytes() == (other / file.name).read_bytes()


def test_another_cache_is_not_mixed_in(folder, token_ids):
    manifest = TokenCache(folder).manifest
    changed = dict(vars(manifest), seed=1, tokenizer_sha256='b' * 64)
    with pytest.raises(ValueError) as error:
        claim_cache(folder, TokenManifest(**changed))
    assert 'seed: made with 0, asked for 1' in str(error.value)
    assert f'made with {"a" * 64}, asked for {"b" * 64}' in str(error.value)
    (folder / 'manifest.json').unlink()
    with pytest.raises(ValueError, match=r'without their manifest\.json'):
        claim_cache(folder, manifest)


def test_sample(folder, token_ids):
    settings = dict(type='TokenDataset', data_root=str(folder), num_codes=40, pipeline=PIPELINE)
    dataset = DATASETS.build(settings)
    assert len(dataset) == NUM_IMAGES and dataset.metainfo['num_tokens'] == NUM_TOKENS
    views = set()
    for _ in range(60):
        sample = dataset[4]
        assert list(sample) == ['inputs', 'data_samples']
        data_sample = sample['data_samples']
        views.add(data_sample.view)
        assert torch.equal(sample['inputs'], token_ids[4, data_sample.view])
        assert data_sample.img_path == NAMES[4] and data_sample.sample_idx == 4
    assert views == set(range(NUM_VIEWS))
    assert dataset[-1]['data_samples'].sample_idx == NUM_IMAGES - 1
    with pytest.raises(IndexError):
        dataset[NUM_IMAGES]


@pytest.mark.parametrize('num_workers', [0, 2])
def test_versions_take_turns(folder, token_ids, num_workers):
    dataset = SeededDataset(TokenDataset(str(folder), NUM_CODES))
    indices = [SampleIndex(i, epoch, 5) for epoch in range(8) for i in (6, 0, 3)]
    loader = DataLoader(
        dataset, 3, sampler=indices, collate_fn=default_collate, num_workers=num_workers
    )
    for epoch, batch in enumerate(loader):
        assert torch.equal(batch['inputs'], token_ids[[6, 0, 3], epoch % NUM_VIEWS])
        for image, sample in zip((6, 0, 3), batch['data_samples']):
            single = dataset[SampleIndex(image, epoch, 5)]['data_samples']
            assert single.sample_seed == sample.sample_seed and single.view == sample.view


def test_seeds_are_those_of_images(folder):
    """Masks that are drawn per sample are then those of a run without the cache."""
    tokens = SeededDataset(TokenDataset(str(folder), NUM_CODES))
    images = SeededDataset([dict(data_samples=tokens[i]['data_samples'].clone()) for i in range(7)])
    for index in (SampleIndex(3, 2, 9), SampleIndex(6, 0, 9)):
        (sample,) = tokens.__getitems__([index])
        assert sample['data_samples'].sample_seed == images[index]['data_samples'].sample_seed


def test_plain_indices_give_seeded_versions(folder):
    """Those of other samplers."""
    views = []
    for seed in range(20):
        dataset = SeededDataset(TokenDataset(str(folder), NUM_CODES), seed=seed)
        views += [sample['data_samples'].view for sample in dataset.__getitems__(range(7))]
        assert views[-7:] == [dataset[i]['data_samples'].view for i in range(7)]
    assert all(views.count(view) > 30 for view in range(NUM_VIEWS))


def test_what_was_asked_is_compared_with_what_was_made(folder):
    TokenDataset(str(folder), NUM_CODES, PIPELINE)
    load, crop, pack = PIPELINE
    flip = dict(type='RandomFlip', prob=0.5)
    for pipeline, message in (
        ([load, dict(crop, scale=32), pack], r'\[0.2, 1\], scale=16\), asked for .* scale=32\)'),
        ([load, crop, flip, pack], r'made with nothing, asked for RandomFlip\(prob=0.5\)'),
        ([crop, load, pack], r'made with LoadRGBImage\(\), Ran.*asked for RandomRes.*LoadRGB'),
    ):
        with pytest.raises(ValueError, match=message):
            TokenDataset(str(folder), NUM_CODES, pipeline)
    same = [dict(type='LoadRGBImage'), dict(crop, crop_ratio_range=[0.2, 1])]
    TokenDataset(str(folder), NUM_CODES, same)
    with pytest.raises(ValueError, match='num_codes: made with 40, asked for 64'):
        TokenDataset(str(folder), 64)
    with pytest.raises(FileNotFoundError, match=r'cache_tokens\.py'):
        TokenDataset(str(folder / 'absent'), NUM_CODES)


@pytest.mark.parametrize('kept', [0, 5, 100, 0.9])
@pytest.mark.parametrize('name', ['manifest.json', LAST])
def test_truncated(folder, kept, name):
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(
        content[: kept if isinstance(kept, int) else int(kept * len(content))]
    )
    with pytest.raises(ValueError, match=rf'tokens cannot be used: {name}'):
        TokenDataset(str(folder), NUM_CODES)


def test_incomplete(folder):
    (folder / LAST).unlink()
    with pytest.raises(ValueError, match=f'not complete, {LAST} of 3 shards is missing'):
        TokenDataset(str(folder), NUM_CODES)


@pytest.mark.parametrize(
    'changes, message',
    [
        (dict(format='mmaddp token cache 1'), "does not say 'mmaddp token cache 2'"),
        (dict(num_codes='many'), "num_codes is 'many'"),
        (dict(num_codes=0), 'num_codes is 0, expected a whole number from 1 to'),
        (dict(num_images=True), 'num_images is True'),
        (dict(num_images=10**30), 'num_images is 1'),
        (dict(num_images=10**9), 'is missing'),
        (dict(num_views=1.5), 'num_views is 1.5'),
        (dict(images_per_shard=None), 'images_per_shard is None'),
        (dict(tokenizer_sha256='x'), "tokenizer_sha256 is 'x'"),
        (dict(augmentation='crop'), "augmentation is 'crop', expected a list of str"),
        (dict(image_size=[1, 'a']), 'image_size is'),
        (dict(seed=-1), 'seed is -1'),
        (dict(num_codes=41), 'belongs to another cache'),
    ],
)
def test_odd_manifests(folder, changes, message):
    content = json.loads((folder / 'manifest.json').read_text())
    (folder / 'manifest.json').write_text(json.dumps(content | changes))
    with pytest.raises(ValueError, match=rf'tokens cannot be used: .*{message}'):
        TokenDataset(str(folder), 40)


def test_manifests_that_are_no_objects(folder):
    for content in ('[]', '3', '[' * 100_000, '\xff', ' ' * 2**21):
        (folder / 'manifest.json').write_text(content)
        with pytest.raises(ValueError, match=r'tokens cannot be used: manifest\.json'):
            TokenDataset(str(folder), 40)


@pytest.mark.parametrize(
    'changes, message',
    [
        (dict(token_ids=None), 'cannot be read'),
        (dict(token_ids=torch.zeros(1, 3, 16)), r'token_ids of torch.float32 \(1, 3, 16\)'),
        (dict(token_ids=torch.zeros(1, 3, 15, dtype=torch.int16)), r'int16 \(1, 3, 15\), expected'),
        (dict(names=None), 'cannot be read'),
        (dict(names=torch.zeros(2, 3, dtype=torch.uint8)), r'names of torch.uint8 \(2, 3\)'),
        (dict(names=torch.zeros(9, dtype=torch.uint8)), 'lengths do not add up'),
        (dict(name_ends=torch.tensor([-1])), 'lengths do not add up'),
        (dict(name_ends=torch.tensor([1, 2])), r'name_ends of torch.int64 \(2,\)'),
    ],
)
def test_odd_shards(folder, changes, message):
    tensors = load_file(folder / LAST) | changes
    digest = TokenCache(folder).manifest.digest
    save_file(
        {k: v for k, v in tensors.items() if v is not None}, folder / LAST, dict(cache=digest)
    )
    with pytest.raises(ValueError, match=rf'tokens cannot be used: {LAST} .*{message}'):
        TokenDataset(str(folder), 40)


@pytest.mark.parametrize('odd', [-1, 40, 2**15 - 1])
def test_ids_that_no_tokenizer_made_are_found_where_they_are_read(folder, odd):
    tensors = load_file(folder / LAST)
    tensors['token_ids'][0, 2, 3] = odd
    save_file(tensors, folder / LAST, dict(cache=TokenCache(folder).manifest.digest))
    dataset = TokenDataset(str(folder), 40)
    dataset.__getitems__([SampleIndex(6, 0), SampleIndex(5, 2)])
    with pytest.raises(ValueError) as error:
        dataset.__getitems__([SampleIndex(5, 2), SampleIndex(6, 2)])
    assert f'token 3 of version 2 of {NAMES[6]} is {odd}, but' in str(error.value)
    assert f'Delete {LAST} and' in str(error.value)


def test_reading_holds_no_files_open(folder):
    """Processes may hold about a thousand; a large cache has more shards."""
    before = len(os.listdir('/proc/self/fd'))
    cache = TokenCache(folder)
    cache.read(np.arange(NUM_IMAGES), np.zeros(NUM_IMAGES, int))
    assert len(os.listdir('/proc/self/fd')) == before
