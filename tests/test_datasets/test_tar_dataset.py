import io
import json
import os
import tarfile

import numpy as np
import pytest
from mmengine.dataset import default_collate
from PIL import Image
from torch.utils.data import DataLoader

from mmaddp.datasets import SampleIndex, SeededDataset, SeededSampler, TarDataset
from mmaddp.datasets.tar_index import tar_members
from mmaddp.run.data_kinds import kind_of

NUM_IMAGES = 11
PIPELINE = [
    dict(type='mmaddp.LoadRGBImage'),
    dict(type='mmpretrain.RandomResizedCrop', scale=8, backend='pillow'),
    dict(type='mmpretrain.PackInputs'),
]


def picture(number):
    """PNG bytes of a picture that its number gives."""
    pixels = np.random.default_rng(number).integers(0, 256, (12, 10, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, 'PNG')
    return file.getvalue()


def write_tar(path, members):
    with tarfile.open(path, 'w') as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))


@pytest.fixture
def folder(tmp_path):
    """Two archives with pictures, labels and other things."""
    for shard, numbers in enumerate((range(6), range(6, NUM_IMAGES))):
        members = [('README', b'text'), ('._0.png', b'not a picture')]
        for number in numbers:
            members += [(f'a/{number:03d}.cls', b'1'), (f'a/{number:03d}.PNG', picture(number))]
        write_tar(tmp_path / f'train-{shard}.tar', members)
    return tmp_path


def test_samples(folder):
    dataset = TarDataset(str(folder), pipeline=PIPELINE[:1])
    assert len(dataset) == NUM_IMAGES
    for number in (0, 5, 6, 10):
        sample = dataset[number]
        assert sample['img_path'] == f'{folder}/train-{number // 6}.tar/a/{number:03d}.PNG'
        expected = np.asarray(Image.open(io.BytesIO(picture(number))))
        assert np.array_equal(sample['img'], expected) and 'img_bytes' not in sample
    assert len(TarDataset(str(folder), 'train-1.tar')) == 5


@pytest.mark.parametrize('num_workers', [0, 2])
def test_order_and_pixels_are_those_of_seed_and_epoch(folder, num_workers):
    dataset = SeededDataset(TarDataset(str(folder), pipeline=PIPELINE))
    seen = []
    for rank in range(2):
        sampler = SeededSampler(dataset, seed=3)
        sampler.rank, sampler.world_size = rank, 2
        sampler.num_samples, sampler.total_size = 6, 12
        sampler.set_epoch(1)
        loader = DataLoader(
            dataset, 2, sampler=sampler, collate_fn=default_collate, num_workers=num_workers
        )
        for batch in loader:
            for image, sample in zip(batch['inputs'], batch['data_samples']):
                single = dataset[SampleIndex(sample.sample_idx, 1, 3)]
                assert (single['inputs'] == image).all()
                seen.append(sample.sample_idx)
    assert len(seen) == 12 and set(seen) == set(range(NUM_IMAGES))


def test_the_places_are_found_once(folder, monkeypatch):
    archive = folder / 'train-0.tar'
    first = tar_members(archive)
    with monkeypatch.context() as patch:
        patch.setattr(tarfile, 'open', None)
        assert tar_members(archive) == first
    write_tar(archive, [('b.png', picture(1))])
    assert [member.name for member in tar_members(archive)] == ['b.png']


@pytest.mark.parametrize(
    'odd',
    ['', '[', '3', '{"members": 1}', [['a', 0]], [['a', 0, 10**9]], [['a', -1, 1]], [[1, 0, 1]]],
)
def test_odd_lists_are_made_anew(folder, odd):
    archive, kept = folder / 'train-0.tar', folder / 'train-0.tar.members.json'
    first = tar_members(archive)
    content = json.loads(kept.read_text())
    kept.write_text(odd if isinstance(odd, str) else json.dumps(dict(content, members=odd)))
    assert tar_members(archive) == first
    assert json.loads(kept.read_text()) == content


def test_folders_that_cannot_be_written_to(folder, monkeypatch):
    def fail(*_):
        raise PermissionError(13, 'Permission denied')

    monkeypatch.setattr('mmaddp.datasets.tar_index.write_text', fail)
    assert len(tar_members(folder / 'train-0.tar')) == 14
    assert sorted(file.suffix for file in folder.iterdir()) == ['.tar', '.tar']


def test_broken_pictures(folder):
    with open(folder / 'train-0.tar', 'r+b') as file:
        (offset,) = (m.offset for m in tar_members(folder / 'train-0.tar') if '003.P' in m.name)
        file.seek(offset + 40)
        file.write(b'\0' * 100)
    with pytest.raises(ValueError, match=r'train-0\.tar/a/003\.PNG'):
        TarDataset(str(folder), pipeline=PIPELINE)[3]
    load = dict(PIPELINE[0], skip_broken=True)
    dataset = TarDataset(str(folder), pipeline=[load, *PIPELINE[1:]])
    assert dataset[3]['data_samples'].img_path != dataset.get_data_info(3)['img_path']
    assert dataset.pipeline.transforms[0].num_skipped == 1


def test_damaged_archives(folder):
    archive = folder / 'train-0.tar'
    content = archive.read_bytes()
    dataset = TarDataset(str(folder), pipeline=PIPELINE)
    dataset.full_init()
    archive.write_bytes(content[:3000])
    with pytest.raises(ValueError, match=r'train-0\.tar'):
        dataset[5]  # it became shorter during a run
    for odd in (content[:4000], b'junk' * 500, content[:300]):
        archive.write_bytes(odd)
        with pytest.raises(ValueError, match=r'train-0\.tar'):
            TarDataset(str(folder), pipeline=PIPELINE)
    with tarfile.open(archive, 'w:gz') as tar:
        tar.add(__file__)
    with pytest.raises(ValueError, match='not an uncompressed tar file'):
        TarDataset(str(folder), pipeline=PIPELINE)


def test_nothing_there(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'There is no tar file .*\*\.tar'):
        TarDataset(str(tmp_path))
    write_tar(tmp_path / 'a.tar', [('a.txt', b'')])
    with pytest.raises(ValueError, match='There is no picture in'):
        TarDataset(str(tmp_path))
    settings = dict(type='mmaddp.TarDataset', data_root=str(tmp_path), shards='b*.tar')
    assert kind_of(settings).absent(settings) == [os.path.join(tmp_path, 'b*.tar')]


def test_shards_of_webdataset_itself(tmp_path):
    """Written and read by the library that the format comes from."""
    webdataset = pytest.importorskip('webdataset')
    with webdataset.ShardWriter(str(tmp_path / 'set-%06d.tar'), maxcount=4, verbose=0) as writer:
        for number in range(NUM_IMAGES):
            writer.write(dict(__key__=f'{number:05d}', png=picture(number), cls=number % 3))
    theirs = webdataset.WebDataset(
        [str(file) for file in sorted(tmp_path.glob('*.tar'))], shardshuffle=False
    )
    dataset = TarDataset(str(tmp_path), pipeline=PIPELINE[:1])
    keys = [(sample['__key__'], sample['png']) for sample in theirs]
    assert len(keys) == len(dataset) == NUM_IMAGES
    for index, (key, content) in enumerate(keys):
        info = dataset.get_data_info(index)
        assert info['img_path'].endswith(f'/{key}.png') and info['img_bytes'] == content
