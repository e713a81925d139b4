import os

import pytest

from mmaddp.utils.listing import holds_a_file, list_class_folders, list_pictures

PICTURES = ['a.PNG', 'b.jpeg', 'c.webp', 'd.tiff', 'e.jfif', 'sub/deep/f.Bmp']
FOREIGN = ['.DS_Store', '._a.jpg', 'Thumbs.db', 'notes.pdf', 'README', '.ipynb_checkpoints/a.png']


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / 'photos'
    for name in [*PICTURES, *FOREIGN]:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def test_pictures_of_every_suffix_at_any_depth(folder):
    assert list_pictures(folder).files == PICTURES
    assert list_pictures(folder).paths()[5] == folder / 'sub/deep/f.Bmp'
    assert list_pictures(folder, suffixes=('.png', '.webp')).files == ['a.PNG', 'c.webp']


def test_one_line_says_what_was_passed_over(folder, log_lines):
    found = list_pictures(folder)
    assert sum(map(len, found.passed_over.values())) == 6
    (line,) = log_lines
    assert str(folder) in line and '6 passed over' in line
    assert '2 hidden;' in line
    assert '1 ending in .db;' in line and '1 ending in .pdf.' in line
    assert '1 without a suffix;' in line
    assert '1 hidden or foreign folders (.ipynb_checkpoints)' in line


def test_nothing_is_said_of_pictures_alone(folder, log_lines):
    list_pictures(folder / 'sub')
    assert log_lines == []


def test_links(folder, tmp_path):
    store = tmp_path / 'store'
    (store / 'cat').mkdir(parents=True)
    (store / 'cat' / '1.png').touch()
    (folder / 'linked').symlink_to(store, target_is_directory=True)
    (folder / 'z.png').symlink_to(store / 'cat' / '1.png')
    (folder / 'gone.png').symlink_to(tmp_path / 'nowhere.png')
    (folder / 'self.png').symlink_to(folder / 'self.png')
    (folder / 'sub' / 'up').symlink_to(folder, target_is_directory=True)
    (store / 'cat' / 'round').symlink_to(folder / 'linked', target_is_directory=True)
    found = list_pictures(folder)
    assert found.files == sorted([*PICTURES, 'linked/cat/1.png', 'z.png'])
    assert found.passed_over['links that lead nowhere'] == ['gone.png', 'self.png']
    assert found.passed_over['links back to a folder that holds them'] == [
        'linked/cat/round',
        'sub/up',
    ]


def test_what_only_looks_like_a_picture(folder):
    (folder / 'x.png').mkdir()
    (folder / 'album.png').mkdir()
    (folder / 'album.png' / 'real.png').touch()
    os.mkfifo(folder / 'pipe.png')
    found = list_pictures(folder)
    assert 'album.png/real.png' in found.files and 'x.png' not in found.files
    assert found.passed_over['folders named like pictures'] == ['x.png']
    assert found.passed_over['no files (pipes, devices)'] == ['pipe.png']


def test_a_name_that_is_no_text_can_be_printed(folder, log_lines):
    os.mkdir(os.fsencode(folder) + b'/.\xff')
    list_pictures(folder)
    log_lines[0].encode()


def test_class_folders(folder, tmp_path):
    for name in ('dog', '__MACOSX', '.git', '@eaDir'):
        (folder / name).mkdir()
    (folder / 'ant').symlink_to(tmp_path, target_is_directory=True)
    assert list_class_folders(folder) == ['ant', 'dog', 'sub']


def test_absent_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match='absent'):
        list_pictures(tmp_path / 'absent')


def test_a_folder_with_a_file(folder, tmp_path):
    data = tmp_path / 'data'
    (data / 'train').mkdir(parents=True)
    (data / 'train' / '.DS_Store').touch()
    (data / 'train' / 'up').symlink_to(data, target_is_directory=True)
    assert not holds_a_file(data) and not holds_a_file(tmp_path / 'absent')
    (data / 'train' / 'cat').symlink_to(folder / 'sub', target_is_directory=True)
    assert holds_a_file(data) and holds_a_file(data, '.Bmp') and not holds_a_file(data, '.png')
