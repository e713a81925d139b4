import errno
import threading

import pytest
import torch
from PIL import Image

from mmaddp.engine.generation.image_blocks import ImageBlock
from mmaddp.engine.generation.image_folder import ImageFolder
from mmaddp.engine.generation.manifest import recorded_batch_size
from mmaddp.engine.generation.picture_files import PictureFiles

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
    with pytest.raises(ValueError, match=r'do not belong to this run: 000001\.jpg'):
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
    monkeypatch.setattr(PictureFiles, 'save', lambda *_: disk.wait(60))
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


def test_what_systems_leave_in_folders_is_passed_over(folder, log_lines):
    folder = folder[0]
    for name in ('.DS_Store', 'images/.DS_Store', 'images/Thumbs.db', 'images/._000004.png'):
        (folder.root / name).touch()
    folder.prepare(SETTINGS)
    (line,) = [line for line in log_lines if 'passed over' in line]
    assert '3 passed over: 2 hidden; 1 ending in .db.' in line
    (folder.root / 'images' / 'more').mkdir()
    (folder.root / 'images' / 'more' / '000001.png').touch()
    with pytest.raises(ValueError, match=r'do not belong to this run: more/000001\.png'):
        folder.prepare(SETTINGS)


def test_a_new_folder_may_hold_hidden_files(tmp_path):
    (tmp_path / '.DS_Store').touch()
    ImageFolder(tmp_path).prepare(SETTINGS)
    assert (tmp_path / 'images').is_dir()


@pytest.mark.parametrize(
    'name', ['images/000005.png', 'images/000009.png', 'grid.png', 'trajectories/000000.gif']
)
@pytest.mark.parametrize('dangling', [True, False])
def test_nothing_is_written_through_a_link(folder, tmp_path, name, dangling):
    folder = folder[0]
    target = tmp_path / 'elsewhere.png'
    if not dangling:
        target.write_bytes(folder.path(4).read_bytes())
    link = folder.root / name
    link.parent.mkdir(exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(target)
    with pytest.raises(ValueError, match=f'{name} is a link.*remove it'):
        folder.prepare(SETTINGS)
    assert target.exists() != dangling


def test_the_manifest_is_not_written_through_a_link(tmp_path):
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out' / 'manifest.json').symlink_to(tmp_path / 'elsewhere.json')
    with pytest.raises(ValueError, match=r'manifest\.json is a link'):
        ImageFolder(tmp_path / 'out').prepare(SETTINGS)
    assert not (tmp_path / 'elsewhere.json').exists()


@pytest.mark.parametrize(
    'content, size',
    [
        ('{"batch_size": 7}', 7),
        ('{"batch_size": 0}', None),
        ('{"batch_size": "7"}', None),
        ('[]', None),
        ('{"batch_size"', None),
    ],
)
def test_block_of_the_run_that_a_folder_holds(tmp_path, content, size):
    assert recorded_batch_size(tmp_path) is None
    (tmp_path / 'manifest.json').write_text(content)
    assert recorded_batch_size(tmp_path) == size
