import errno
import threading

import pytest
import torch
from PIL import Image

from mmaddp.engine.generation.image_blocks import ImageBlock
from mmaddp.engine.generation.image_folder import ImageFolder

BLOCK = ImageBlock(first=4, size=4, wanted=(4, 5, 7))
SETTINGS = dict(seed=0, sampler=dict(num_steps=3), environment={}, config='a.py')


@pytest.fixture
def folder(tmp_path):
    folder = ImageFolder(tmp_path / 'out', num_threads=2)
    folder.prepare(SETTINGS)
    images = torch.randint(256, (4, 3, 6, 5), dtype=torch.uint8)
    folder.write(BLOCK, images)
    folder.wait()
    yield folder, images
    folder.close()


def test_wanted_images_come_back_as_they_were(folder):
    folder, images = folder
    assert sorted(path.name for path in folder.images.iterdir()) == [
        f'{index:06d}.png' for index in BLOCK.wanted
    ]
    found = torch.stack([torch.from_numpy(image) for image in folder.read(BLOCK, (6, 5))])
    assert torch.equal(found.movedim(-1, 1), images[[0, 1, 3]])


def flip_a_bit(path):
    content = bytearray(path.read_bytes())
    content[-20] ^= 1
    path.write_bytes(bytes(content))


@pytest.mark.parametrize(
    'damage',
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(path.read_bytes()[:-30]),
        lambda path: path.write_bytes(b''),
        flip_a_bit,
        lambda path: Image.new('RGB', (5, 7)).save(path),
        lambda path: Image.new('L', (5, 6)).save(path),
        lambda path: Image.new('RGB', (5, 6)).save(path, format='JPEG'),
    ],
    ids=['missing', 'cut off', 'empty', 'one bit', 'other size', 'grey', 'jpeg'],
)
def test_a_block_with_a_bad_image_is_not_kept(folder, damage):
    folder = folder[0]
    damage(folder.path(5))
    assert folder.read(BLOCK, (6, 5)) is None


def test_manifest_refuses_other_settings_and_names_them(folder):
    folder = folder[0]
    folder.prepare(SETTINGS | dict(config='renamed.py'))
    with pytest.raises(ValueError, match=r'seed 0, now 1; sampler\.num_steps 3, now 4'):
        folder.prepare(dict(SETTINGS, seed=1, sampler=dict(num_steps=4)))
    with pytest.warns(UserWarning, match='differ by rounding'):
        folder.prepare(SETTINGS | dict(environment=dict(torch='other')))
    (folder.root / 'manifest.json').write_text('{"seed"')
    with pytest.raises(ValueError, match=r'manifest\.json cannot be read'):
        folder.prepare(SETTINGS)


def test_folder_with_other_files(tmp_path, folder):
    (tmp_path / 'used').mkdir()
    (tmp_path / 'used' / 'holiday.jpg').touch()
    with pytest.raises(ValueError, match=r'used holds other files \(holiday\.jpg\)'):
        ImageFolder(tmp_path / 'used').prepare(SETTINGS)
    assert not (tmp_path / 'used' / 'manifest.json').exists()
    folder = folder[0]
    (folder.images / '.000009.png.01234567.part').touch()
    folder.prepare(SETTINGS)
    assert len(list(folder.images.iterdir())) == 3
    (folder.images / '000001.jpg').touch()
    with pytest.raises(ValueError, match=r'no images of this run: 000001\.jpg'):
        folder.prepare(SETTINGS)


def test_killed_before_there_was_a_manifest(tmp_path):
    root = tmp_path / 'new'
    (root / 'log').mkdir(parents=True)
    (root / '.manifest.json.01234567.part').touch()
    ImageFolder(root).prepare(SETTINGS, own=[root / 'log'])
    assert sorted(path.name for path in root.iterdir()) == ['images', 'log', 'manifest.json']


def test_computing_goes_on_while_files_are_written(folder, monkeypatch):
    folder, images = folder
    disk = threading.Event()
    monkeypatch.setattr('mmaddp.engine.generation.image_folder.save_png', lambda *_: disk.wait(60))
    for first in (8, 12, 16):  # comes back although nothing is written
        folder.write(ImageBlock(first=first, size=4, wanted=(first,)), images)
    assert not any(future.done() for future in folder._pending)
    disk.set()
    folder.wait()
    assert not folder._pending


def test_a_full_disk_is_told_by_the_next_call_and_names_the_file(folder):
    folder, images = folder
    full = ImageBlock(first=8, size=4, wanted=(8, 9))
    folder.path(9).symlink_to('/dev/full')
    with pytest.raises(OSError, match='What is complete stays') as error:
        folder.write(full, images)
        folder.wait()
    assert error.value.errno == errno.ENOSPC and '000009.png' in str(error.value)
    assert folder.path(8).is_file()
