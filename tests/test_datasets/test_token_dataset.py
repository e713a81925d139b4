import json
import pickle

import pytest
import torch
from safetensors.torch import save_file
from torch.utils.data import DataLoader

from mmaddp.datasets import SampleIndex, SeededDataset, TokenDataset
from mmaddp.datasets.token_cache import TokenCache, file_sha256, write_token_cache
from mmaddp.registry import DATASETS

NUM_IMAGES, NUM_VIEWS, NUM_TOKENS, NUM_CODES = 6, 3, 16, 40
NAMES = [f'folder/ümlaut "{i}".png' for i in range(NUM_IMAGES)]


@pytest.fixture
def tokenizer_file(tmp_path):
    path = tmp_path / 'tokenizer.pth'
    path.write_bytes(b'weights')
    return path


@pytest.fixture
def token_ids():
    generator = torch.Generator().manual_seed(0)
    return torch.randint(NUM_CODES, (NUM_IMAGES, NUM_VIEWS, NUM_TOKENS), generator=generator)


@pytest.fixture
def cache_file(tmp_path, token_ids, tokenizer_file):
    path = tmp_path / 'cache' / 'tokens.safetensors'
    write_token_cache(path, token_ids, NAMES, NUM_CODES, file_sha256(tokenizer_file))
    return str(path)


def test_cache_round_trip(cache_file, token_ids):
    cache = TokenCache(cache_file)
    assert cache.shape == (NUM_IMAGES, NUM_VIEWS, NUM_TOKENS)
    assert cache.num_codes == NUM_CODES and cache.file_names == NAMES
    for each in (cache, pickle.loads(pickle.dumps(cache))):
        assert torch.equal(each.read(4, 2), token_ids[4, 2])
        assert each.read(0, 0).dtype == torch.long


def test_large_codebooks_do_not_overflow(tmp_path):
    token_ids = torch.tensor([[[0, 2**15 - 1, 2**15, 99_999]]])
    write_token_cache(tmp_path / 'a.safetensors', token_ids, ['a'], 100_000, '')
    assert torch.equal(TokenCache(tmp_path / 'a.safetensors').read(0, 0), token_ids[0, 0])


def test_write_is_checked_and_atomic(tmp_path, token_ids):
    path = tmp_path / 'a.safetensors'
    with pytest.raises(ValueError, match='codebook has 7 codes'):
        write_token_cache(path, token_ids, NAMES, 7, '')
    with pytest.raises(ValueError, match='for 2 files'):
        write_token_cache(path, token_ids, NAMES[:2], NUM_CODES, '')
    with pytest.raises(TypeError):
        write_token_cache(path, token_ids, NAMES, NUM_CODES, tokenizer_sha256=1)
    assert not list(tmp_path.iterdir())


def test_sample(cache_file, token_ids):
    dataset = DATASETS.build(dict(type='TokenDataset', data_file=cache_file, num_codes=NUM_CODES))
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
    with pytest.raises(IndexError):
        dataset[NUM_IMAGES]


@pytest.mark.parametrize('num_workers', [0, 2])
def test_view_is_a_function_of_seed_epoch_and_index(cache_file, num_workers):
    inner = dict(type='mmaddp.TokenDataset', data_file=cache_file, num_codes=NUM_CODES)
    dataset = SeededDataset(inner, seed=0)
    indices = [SampleIndex(i, epoch) for epoch in range(20) for i in range(NUM_IMAGES)]
    loader = DataLoader(
        dataset, NUM_IMAGES, sampler=indices, collate_fn=list, num_workers=num_workers
    )
    views = [[sample['data_samples'].view for sample in batch] for batch in loader]
    assert views == [
        [dataset[SampleIndex(i, epoch)]['data_samples'].view for i in range(NUM_IMAGES)]
        for epoch in range(20)
    ]
    assert len({tuple(row) for row in views}) > 10
    assert 'sample_seed' in dataset[0]['data_samples']


def test_errors(cache_file, tmp_path, tokenizer_file):
    TokenDataset(cache_file, NUM_CODES, str(tokenizer_file))
    with pytest.raises(ValueError, match='codebook of 40 codes, but num_codes=64'):
        TokenDataset(cache_file, 64)
    with pytest.raises(FileNotFoundError, match=r'cache_tokens\.py'):
        TokenDataset(str(tmp_path / 'absent.safetensors'), NUM_CODES)
    with pytest.raises(FileNotFoundError, match=r'absent\.pth'):
        TokenDataset(cache_file, NUM_CODES, str(tmp_path / 'absent.pth'))
    tokenizer_file.write_bytes(b'other weights')
    with pytest.raises(ValueError, match='another tokenizer'):
        TokenDataset(cache_file, NUM_CODES, str(tokenizer_file))


@pytest.mark.parametrize('kept', [0, 5, 100, 0.9])
def test_truncated_cache(cache_file, tmp_path, kept):
    with open(cache_file, 'rb') as file:
        content = file.read()
    path = tmp_path / 'cut.safetensors'
    path.write_bytes(content[: kept if isinstance(kept, int) else int(kept * len(content))])
    with pytest.raises(ValueError, match=r'cut\.safetensors'):
        TokenDataset(str(path), NUM_CODES)


def test_foreign_safetensors(tmp_path):
    save_file(dict(weight=torch.ones(2)), tmp_path / 'model.safetensors')
    with pytest.raises(ValueError, match='not a token cache'):
        TokenDataset(str(tmp_path / 'model.safetensors'), NUM_CODES)


def spoilt(path, **changes):
    """Write a cache of two images by hand, with changes to tensors and metadata."""
    metadata = dict(format='mmaddp token cache 1', num_codes='40', tokenizer_sha256='ab')
    tensors = dict(
        token_ids=torch.arange(2 * 3 * 4).reshape(2, 3, 4).int(),
        file_names=as_bytes(json.dumps(['a.png', 'b.png'])),
    )
    for name, value in changes.items():
        holder = tensors if name in tensors else metadata
        holder[name] = value
        if value is None:
            del holder[name]
    save_file(tensors, path, metadata)
    return str(path)


def as_bytes(text):
    return torch.tensor(list(text.encode()), dtype=torch.uint8)


def test_a_cache_written_by_hand_is_read(tmp_path):
    for kind in (torch.int16, torch.int32, torch.int64, torch.uint8):
        ids = torch.arange(24).reshape(2, 3, 4).to(kind)
        dataset = TokenDataset(spoilt(tmp_path / 'a.safetensors', token_ids=ids), 40)
        assert dataset[1]['inputs'].tolist() in ids[1].tolist()


@pytest.mark.parametrize(
    'changes, message',
    [
        (dict(num_codes=None), "num_codes is ''"),
        (dict(num_codes='many'), "num_codes is 'many'"),
        (dict(num_codes='0'), "num_codes is '0'"),
        (dict(num_codes='9' * 5000), 'num_codes is'),
        (dict(num_codes='20'), r'token 0 of version 2 of b\.png is 20, .* 20 codes, 0 to 19'),
        (dict(tokenizer_sha256=None), 'tokenizer_sha256'),
        (dict(token_ids=None), 'token_ids'),
        (dict(token_ids=-torch.arange(24).reshape(2, 3, 4)), r'version 0 of a\.png is -1,'),
        (dict(token_ids=torch.zeros(2, 3, 4)), 'of the kind F32'),
        (dict(token_ids=torch.zeros(2, 3, 4, dtype=torch.bool)), 'of the kind BOOL'),
        (dict(token_ids=torch.zeros(2, 12).int()), r'shape \(2, 12\)'),
        (dict(token_ids=torch.zeros(2, 0, 4).int()), r'shape \(2, 0, 4\)'),
        (dict(file_names=None), 'file_names'),
        (dict(file_names=as_bytes('["a.png"')), 'not JSON'),
        (dict(file_names=torch.tensor([255, 254], dtype=torch.uint8)), 'not JSON'),
        (dict(file_names=as_bytes('[' * 100_000)), 'not JSON'),
        (dict(file_names=as_bytes('{"a": 1}')), 'not a list of strings'),
        (dict(file_names=as_bytes('["a", 1]')), 'not a list of strings'),
        (dict(file_names=as_bytes('["a"]')), '1 file names for 2 images'),
    ],
)
def test_what_no_tokenizer_made_is_said_when_the_file_is_opened(tmp_path, changes, message):
    path = spoilt(tmp_path / 'odd.safetensors', **changes)
    with pytest.raises(ValueError, match=rf'(?s)odd\.safetensors cannot be used: .*{message}'):
        TokenDataset(path, 40)


def test_ids_are_looked_at_to_the_end_in_parts(tmp_path, monkeypatch):
    monkeypatch.setattr('mmaddp.datasets.checks.token_caches.CHUNK', 24)
    ids = torch.zeros(7, 3, 4).int()
    names = as_bytes(json.dumps([f'{i}.png' for i in range(7)]))
    TokenDataset(spoilt(tmp_path / 'a.safetensors', token_ids=ids, file_names=names), 40)
    ids[6, 2, 3] = 40
    with pytest.raises(ValueError, match=r'token 3 of version 2 of 6\.png is 40'):
        TokenDataset(spoilt(tmp_path / 'b.safetensors', token_ids=ids, file_names=names), 40)
