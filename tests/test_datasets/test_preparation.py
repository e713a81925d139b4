import errno
import gzip
import json
import os
import runpy
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from mmaddp.datasets.preparation.folders import new_folder
from mmaddp.datasets.preparation.pipeline import make_scenes, prepare
from mmaddp.datasets.preparation.scenes import load_photographs, photograph_region
from mmaddp.datasets.preparation.sources import (
    load_digits_source,
    load_fashion_mnist_source,
    read_idx,
)

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / 'tools' / 'dataset_converters' / 'prepare_digits.py'
SCENES = dict(train=12, val=5)
SIDE = 64


@pytest.fixture(scope='module')
def source():
    return load_digits_source()


@pytest.fixture(scope='module')
def folder(source, tmp_path_factory):
    path = tmp_path_factory.mktemp('data') / 'digits'
    assert prepare(path, source, 'digits', 16, SIDE, SCENES)
    return path


@pytest.fixture
def run(capsys):
    """The tool as a function: arguments to (exit status, what it printed)."""
    main = runpy.run_path(str(TOOL))['main']

    def run(*args):
        try:
            main([str(arg) for arg in args])
        except SystemExit as stop:
            # Text is what Python prints when it ends with status 1.
            said = stop.code if isinstance(stop.code, str) else ''
            return stop.code and 1, said + ''.join(capsys.readouterr())
        return 0, ''.join(capsys.readouterr())

    return run


def test_splits_share_no_digit(source):
    train, val = source.splits['train'], source.splits['val']
    assert len(train.images) + len(val.images) == 1797
    assert not set(train.names) & set(val.names)
    pixels = np.concatenate([train.images, val.images]).reshape(1797, -1)
    assert len(np.unique(pixels, axis=0)) == 1797  # no copies under another name
    for label in range(10):
        share = (val.labels == label).sum() / sum((s.labels == label).sum() for s in (train, val))
        assert 0.18 < share < 0.22


def test_regions_are_disjoint_and_keep_the_photograph():
    for photograph in load_photographs():
        train, val = (photograph_region(photograph, split) for split in ('train', 'val'))
        np.testing.assert_array_equal(np.concatenate([train, val], 1), photograph)
        assert val.shape[1] >= 128


def test_classification(folder, source):
    root = folder / 'classification'
    for split, count in (('train', 1438), ('val', 359)):
        lines = (root / 'meta' / f'{split}.txt').read_text().splitlines()
        assert len(lines) == len(set(lines)) == count
        assert len(list((root / split).glob('*/*.png'))) == count
        assert all(line.split('/')[0] == line.split()[1] for line in lines)
    glyphs = source.splits['val']
    image = Image.open(root / 'val' / str(glyphs.labels[3]) / f'{glyphs.names[3]}.png')
    assert image.mode == 'RGB' and image.size == (16, 16)
    pixels = np.array(image)
    assert (pixels == pixels[..., :1]).all() and pixels.max() > 200 and pixels[0].max() < 30


def test_scenes_are_exact(source):
    scenes = make_scenes(source, 'train', SIDE, 40)
    occluded = 0
    for scene in scenes:
        assert scene.masks.any((1, 2)).all()  # nothing is hidden entirely
        assert scene.masks.sum(0).max() <= 1  # a pixel belongs to one glyph at most
        assert len(scene.masks) == len(scene.labels) == len(scene.names) >= 1
        # inside a mask and off the soft edges there is one colour only: the glyph's
        for mask in scene.masks:
            inside = scene.image[mask & ~scene.ignored].astype(int)
            if len(inside):
                assert (inside.max(0) - inside.min(0)).max() <= 40
        boxes = [np.argwhere(mask) for mask in scene.masks]
        for i, first in enumerate(boxes):
            for second in boxes[i + 1 :]:
                top, bottom = (np.maximum(first.min(0), second.min(0)), first.max(0))
                occluded += bool((top <= np.minimum(bottom, second.max(0))).all())
    assert occluded > 10
    sides = np.array([np.ptp(np.argwhere(mask)[:, 0]) for s in scenes for mask in s.masks])
    assert sides.min() < 0.15 * SIDE < 0.3 * SIDE < sides.max()
    assert {int(label) for scene in scenes for label in scene.labels} == set(range(10))


def test_scene_does_not_depend_on_the_number(source):
    few, many = (make_scenes(source, 'val', SIDE, count) for count in (2, 4))
    for a, b in zip(few, many):
        np.testing.assert_array_equal(a.image, b.image)
    assert (many[0].image != many[1].image).any()


def test_detection(folder, source):
    for split, count in SCENES.items():
        coco = COCO(str(folder / 'detection' / 'annotations' / f'instances_{split}.json'))
        assert len(coco.imgs) == count and len(coco.cats) == 10
        assert coco.cats[10]['name'] == '9'
        scenes = make_scenes(source, split, SIDE, count)
        for scene, (image_id, image) in zip(scenes, coco.imgs.items()):
            pixels = np.array(Image.open(folder / 'detection' / split / image['file_name']))
            np.testing.assert_array_equal(pixels, scene.image)
            annotations = coco.loadAnns(coco.getAnnIds(image_id))
            assert [a['category_id'] - 1 for a in annotations] == scene.labels.tolist()
            for annotation, mask in zip(annotations, scene.masks):
                np.testing.assert_array_equal(coco.annToMask(annotation), mask)
                rows, columns = np.nonzero(mask)
                box = [columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1]
                assert annotation['bbox'] == box and annotation['area'] == mask.sum()


def test_segmentation(folder, source):
    for split, name in (('train', 'training'), ('val', 'validation')):
        root = folder / 'segmentation'
        files = sorted((root / 'annotations' / name).iterdir())
        assert len(files) == SCENES[split]
        for file, scene in zip(files, make_scenes(source, split, SIDE, SCENES[split])):
            labels = np.array(Image.open(file))
            image = np.array(Image.open(root / 'images' / name / file.name))
            np.testing.assert_array_equal(image, scene.image)
            np.testing.assert_array_equal(labels == 0, scene.ignored)
            kept = ~scene.ignored
            assert (labels[~scene.masks.any(0) & kept] == 1).all()
            for mask, label in zip(scene.masks, scene.labels):
                assert (labels[mask & kept] == label + 2).all()
            assert (labels == 1).mean() > 0.3 and 0 < (labels == 0).mean() < 0.25


def files_of(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob('*')
        if path.is_file()
    }


def test_same_bytes_through_the_tool(folder, tmp_path, run):
    out = tmp_path / 'again'
    args = ['--out', out, '--size', 16, '--scene-size', SIDE]
    args += ['--train-scenes', SCENES['train'], '--val-scenes', SCENES['val']]
    status, printed = run(*args)
    assert status == 0 and '1438 train, 359 val; scenes 12 train, 5 val' in printed
    assert files_of(out) == files_of(folder)
    assert [path.name for path in tmp_path.iterdir()] == ['again']

    times = {path: path.stat().st_mtime_ns for path in out.rglob('*')}
    status, printed = run(*args)
    assert status == 0 and 'nothing to do' in printed
    assert times == {path: path.stat().st_mtime_ns for path in out.rglob('*')}

    status, printed = run(*args, '--val-scenes', 6)
    assert status == 1 and 'other settings' in printed
    (out / 'classification' / 'meta' / 'val.txt').unlink()
    status, printed = run(*args)
    assert status == 1 and 'delete it' in printed


def test_foreign_folder_is_refused(tmp_path, source):
    (tmp_path / 'mine.txt').write_text('keep')
    with pytest.raises(ValueError, match='not made by this tool'):
        prepare(tmp_path, source, 'digits', 16, SIDE, SCENES)
    with pytest.raises(ValueError, match='not a folder'):
        prepare(tmp_path / 'mine.txt', source, 'digits', 16, SIDE, SCENES)
    assert [path.name for path in tmp_path.iterdir()] == ['mine.txt']


@pytest.mark.parametrize(
    'manifest', ['{"name": "a web page"}', '[1]', 'no JSON', '{"settings": {}}', '{}']
)
def test_manifest_of_something_else_is_refused(tmp_path, source, manifest):
    (tmp_path / 'manifest.json').write_text(manifest)
    with pytest.raises(ValueError, match='not made by this tool'):
        prepare(tmp_path, source, 'digits', 16, SIDE, SCENES)
    assert [path.name for path in tmp_path.iterdir()] == ['manifest.json']


def test_next_start_removes_what_a_killed_one_left(tmp_path, run):
    out = tmp_path / 'my digits'
    size = ('--size', 16, '--scene-size', SIDE, '--val-scenes', 2)
    command = [sys.executable, TOOL, '--out', out, *size, '--train-scenes', 2000]
    with subprocess.Popen(list(map(str, command))) as process:
        while not list(tmp_path.glob('.my digits-*/classification/train')):
            time.sleep(0.05)
            assert process.poll() is None
        process.kill()
    assert len(list(tmp_path.iterdir())) == 1 and not out.exists()
    status, printed = run('--out', out, *size, '--train-scenes', 2)
    assert status == 0, printed
    assert list(tmp_path.iterdir()) == [out]
    assert run('--out', out, *size, '--train-scenes', 2)[0] == 0


def test_full_disk_names_the_folder(tmp_path, run, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Image.Image, 'save', full)
    status, printed = run('--out', tmp_path / 'digits', '--train-scenes', 1, '--val-scenes', 1)
    assert status == 1 and 'No space left on device' in printed
    assert str(tmp_path / 'digits') in printed and 'MB are free' in printed
    assert not list(tmp_path.iterdir())


def test_an_interruption_leaves_nothing(tmp_path):
    with pytest.raises(KeyboardInterrupt), new_folder(tmp_path / 'out', {}) as root:
        (root / 'a.txt').write_text('a')
        raise KeyboardInterrupt
    assert not list(tmp_path.iterdir())


def write_idx(path, array, magic=None):
    header = bytes((0, 0, 8, array.ndim)) if magic is None else magic
    content = header + struct.pack(f'>{array.ndim}I', *array.shape) + array.tobytes()
    path.write_bytes(gzip.compress(content) if path.suffix == '.gz' else content)


@pytest.fixture
def idx_folder(tmp_path):
    rng = np.random.default_rng(0)
    path = tmp_path / 'idx'
    path.mkdir()
    for prefix, count, suffix in (('train', 30, '.gz'), ('t10k', 20, '')):
        images = rng.integers(0, 256, (count, 28, 28), np.uint8)
        write_idx(path / f'{prefix}-images-idx3-ubyte{suffix}', images)
        labels = np.arange(count, dtype=np.uint8) % 10
        write_idx(path / f'{prefix}-labels-idx1-ubyte{suffix}', labels)
    return path


def test_fashion_mnist(idx_folder, tmp_path, run):
    source = load_fashion_mnist_source(idx_folder)
    original = read_idx(idx_folder / 't10k-images-idx3-ubyte', 3)
    assert source.splits['val'].images.shape == (20, 32, 32)
    out = tmp_path / 'fashion'
    status, printed = run(
        *('--out', out, '--source', 'fashion-mnist', '--idx', idx_folder),
        *('--scene-size', SIDE, '--train-scenes', 2, '--val-scenes', 2),
    )
    assert status == 0, printed
    image = np.array(Image.open(out / 'classification/val/3/fashion_val_00013.png'))
    assert image.shape == (32, 32, 3)
    np.testing.assert_array_equal(image[2:-2, 2:-2, 0], original[13])
    assert image[:2].max() == image[:, -2:].max() == 0
    assert len(list((out / 'classification/train').glob('*/*.png'))) == 30
    content = json.loads((out / 'detection/annotations/instances_val.json').read_text())
    assert content['categories'][9] == dict(id=10, name='Ankle boot')
    assert coco_mask.area(content['annotations'][0]['segmentation']) > 0


def test_bad_idx_files(idx_folder, tmp_path, run):
    images = idx_folder / 'train-images-idx3-ubyte.gz'
    whole = gzip.decompress(images.read_bytes())
    images.write_bytes(gzip.compress(whole[:-7]))
    with pytest.raises(ValueError, match=r'train-images.* 23513 values.*30 x 28 x 28'):
        load_fashion_mnist_source(idx_folder)
    images.write_bytes(gzip.compress(whole)[:-100])
    with pytest.raises(ValueError, match=r'train-images.*damaged'):
        load_fashion_mnist_source(idx_folder)
    images.write_bytes(b'no gzip')
    with pytest.raises(ValueError, match=r'train-images.*damaged'):
        load_fashion_mnist_source(idx_folder)
    write_idx(images, np.zeros((3, 28, 28), np.uint8), magic=b'\0\0\x0d\3')
    with pytest.raises(ValueError, match='00000d03, expected 00000803'):
        load_fashion_mnist_source(idx_folder)
    write_idx(images, np.zeros((3, 28, 28), np.uint8))
    with pytest.raises(ValueError, match=r'3 pictures.*30 labels'):
        load_fashion_mnist_source(idx_folder)
    images.unlink()
    with pytest.raises(FileNotFoundError, match='dataset-fashion-mnist'):
        load_fashion_mnist_source(idx_folder)
    status, printed = run('--out', tmp_path / 'a', '--source', 'fashion-mnist', '--idx', idx_folder)
    assert status == 1 and 'dataset-fashion-mnist' in printed
    assert not (tmp_path / 'a').exists()


def test_label_out_of_range(idx_folder):
    write_idx(idx_folder / 't10k-labels-idx1-ubyte', np.full(20, 10, np.uint8))
    with pytest.raises(ValueError, match='label 10'):
        load_fashion_mnist_source(idx_folder)


@pytest.mark.parametrize(
    'flags',
    [
        ['--source', 'fashion-mnist'],
        ['--idx', 'x'],
        ['--size', '3'],
        ['--size', '100000'],
        ['--scene-size', '1'],
        ['--train-scenes', '1000000000'],
        ['--val-scenes', '-1'],
    ],
)
def test_bad_arguments(tmp_path, run, flags):
    status, printed = run('--out', tmp_path / 'a', *flags)
    assert status == 1 and flags[0] in printed
    assert not list(tmp_path.iterdir())
