"""References: what is kept, under which key, and which files are taken."""

import pickle
import shutil
import warnings

import numpy as np
import pytest
import torch
from toy_extractor import ToyExtractor

from mmaddp.evaluation.fidelity import (
    FolderImages,
    Need,
    NpzImages,
    ReferenceStore,
    extract_set_features,
    open_reference,
)

NEEDS = [Need('features', 'statistics'), Need('features', 'features')]


def load(source, cache=None, needs=NEEDS, seed=0, **options):
    """Load a reference; return it and how often the network ran."""
    extractor = ToyExtractor(seed)
    source = open_reference(source, **options)
    return ReferenceStore(extractor, cache).load(source, needs), extractor.calls


def test_kept_statistics_are_those_of_the_images(write_images, tmp_path):
    folder = write_images('real', 20)
    fresh, calls = load(folder, tmp_path / 'cache')
    again, calls_again = load(folder, tmp_path / 'cache')
    assert calls == 1 and calls_again == 0
    features = extract_set_features(FolderImages(folder), ToyExtractor(), ['features'])['features']
    for reference in (fresh, again):
        assert torch.equal(reference.features('features'), features)
        statistics = reference.statistics('features')
        np.testing.assert_allclose(statistics['mu'], features.mean(0), rtol=1e-6)
        np.testing.assert_allclose(statistics['sigma'], np.cov(features.T), rtol=1e-10)


def test_key_follows_content_transform_and_weights(write_images, tmp_path):
    folder, cache = write_images('real', 20), tmp_path / 'cache'
    load(folder, cache)
    copy = shutil.copytree(folder, tmp_path / 'elsewhere')
    assert load(copy, cache)[1] == 0, 'the place does not matter'
    assert load(copy, cache, seed=1)[1] == 1, 'other weights'
    assert load(copy, cache, resize_and_crop=6)[1] == 1, 'another transform'
    assert load(copy, cache, num_images=10)[1] == 1, 'other images'
    shutil.copyfile(copy / '001.png', copy / '000.png')
    assert load(copy, cache)[1] == 1, 'other content'
    assert load(folder, cache, NEEDS[:1])[1] == 0
    assert len(list(cache.iterdir())) == 10


def test_damaged_file_is_named(write_images, tmp_path):
    folder, cache = write_images('real', 20), tmp_path / 'cache'
    load(folder, cache, NEEDS[:1])
    (file,) = cache.iterdir()
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(ValueError, match=rf'{file.name} are damaged .*remove the file'):
        load(folder, cache, NEEDS[:1])


def test_kept_file_as_reference(write_images, tmp_path):
    folder, cache = write_images('real', 20), tmp_path / 'cache'
    expected, _ = load(folder, cache)
    files = {file.name.split('-')[2].split('.')[0]: file for file in cache.iterdir()}
    from_features, calls = load(files['features'])
    assert calls == 0 and from_features.num_images == 20
    assert from_features.description['sha256'] == expected.description['sha256']
    statistics, _ = load(files['statistics'], needs=NEEDS[:1])
    for found in (from_features, statistics):
        np.testing.assert_array_equal(
            found.statistics('features')['sigma'], expected.statistics('features')['sigma']
        )
    with pytest.raises(ValueError, match='need features of layer features: give the folder'):
        load(files['statistics'])
    with pytest.raises(ValueError, match='different extractors cannot be compared'):
        load(files['statistics'], needs=NEEDS[:1], seed=1)


def test_adm_batch(write_images, tmp_path):
    images = FolderImages(write_images('real', 20))
    pixels = np.stack([images.read(file).movedim(0, -1).numpy() for file in images.files])
    np.savez_compressed(tmp_path / 'batch.npz', pixels, mu=np.ones(3), sigma=np.eye(3))
    batch = NpzImages(tmp_path / 'batch.npz')
    ours, theirs = (
        extract_set_features(s, ToyExtractor(), ['features'], 8) for s in (images, batch)
    )
    assert torch.equal(ours['features'], theirs['features'])
    parts = [block for rank in (0, 1) for block, _ in batch.blocks(8, rank, 2)]
    assert [part.tolist() for part in parts] == [[*range(8)], [16, 17, 18, 19], [*range(8, 16)]]
    assert load(tmp_path / 'batch.npz')[0].num_images == 20, 'images, for another extractor'


@pytest.fixture
def as_inception(monkeypatch):
    monkeypatch.setattr(ToyExtractor, 'identity', dict(name='inception-v3-compat'))


def test_adm_statistics_serve_the_inception_alone(tmp_path, as_inception):
    path = tmp_path / 'statistics.npz'
    np.savez(path, mu=np.arange(3.0), sigma=np.eye(3))
    reference, calls = load(path, needs=[Need('2048', 'statistics')])
    assert calls == 0 and reference.statistics('2048')['mu'].tolist() == [0, 1, 2]
    with pytest.raises(ValueError, match='serve the FID with that extractor and nothing else'):
        load(path, needs=[Need('2048', 'features')])


@pytest.mark.parametrize('name', ['arr_0', 'mu'])
def test_pickled_array_is_refused_and_not_run(tmp_path, as_inception, name):
    class Trap:
        def __reduce__(self):
            return warnings.warn, ('the trap went off',)

    arrays = dict(mu=np.zeros(3), sigma=np.eye(3)) | {name: np.array([Trap()], dtype=object)}
    np.savez(tmp_path / 'bad.npz', **arrays)
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        with pytest.raises(ValueError, match=r'(?s)bad.npz.*could run code'):
            load(tmp_path / 'bad.npz', needs=[Need('2048', 'statistics')])


@pytest.mark.parametrize(
    'content, message',
    [
        (b'', 'not an .npz file'),
        (b'<html>', 'not an .npz file'),
        (pickle.dumps([1]), 'not an .npz file'),
    ],
)
def test_file_of_another_kind(tmp_path, content, message):
    (tmp_path / 'bad.npz').write_bytes(content)
    with pytest.raises(ValueError, match=message):
        open_reference(tmp_path / 'bad.npz')
    (tmp_path / 'bad.txt').write_bytes(content)
    with pytest.raises(ValueError, match='neither a folder'):
        open_reference(tmp_path / 'bad.txt')
    with pytest.raises(FileNotFoundError, match='no reference'):
        open_reference(tmp_path / 'absent')


def test_images_of_another_shape(tmp_path):
    np.savez(tmp_path / 'grey.npz', np.zeros((4, 8, 8), np.uint8))
    with pytest.raises(ValueError, match=r'shape \(4, 8, 8\).* must be uint8'):
        open_reference(tmp_path / 'grey.npz')
