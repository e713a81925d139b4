"""The newest sound checkpoint of a folder, whatever happened to its pointer."""

import pytest
import torch

from mmaddp.weights.latest import (
    EARLIER,
    POINTER,
    find_checkpoint,
    is_continued,
    newest_checkpoint,
    note_earlier_checkpoints,
    set_aside,
)


@pytest.fixture
def folder(tmp_path):
    for epoch in (2, 9, 10):
        content = dict(state_dict=dict(weight=torch.full((100,), float(epoch))), meta={})
        torch.save(content, tmp_path / f'epoch_{epoch}.pth')
    torch.save(content, tmp_path / 'best_acc_epoch_99.pth')
    torch.save(content, tmp_path / 'notes_epoch_98.pth')
    (tmp_path / POINTER).write_text('epoch_10.pth')
    return tmp_path


@pytest.fixture(autouse=True)
def log(monkeypatch):
    """What is said to the user."""
    lines = []
    monkeypatch.setattr(
        'mmaddp.weights.latest.print_log', lambda text, *_, **__: lines.append(str(text))
    )
    return lines


def test_the_pointer_is_followed_without_a_word(folder, log):
    (folder / POINTER).write_text('epoch_9.pth\n')
    assert find_checkpoint(folder) == folder / 'epoch_9.pth'
    assert not log


def test_a_moved_folder_holds_its_own_checkpoint(folder, log):
    (folder / POINTER).write_text('/somewhere/else/epoch_9.pth')
    assert find_checkpoint(folder) == folder / 'epoch_9.pth'
    assert not log


def test_a_copied_folder_goes_on_from_its_own(folder, tmp_path_factory):
    original = tmp_path_factory.mktemp('original')
    torch.save(dict(state_dict={}), original / 'epoch_9.pth')
    (folder / POINTER).write_text(str(original / 'epoch_9.pth'))
    assert find_checkpoint(folder) == folder / 'epoch_9.pth'


def test_checkpoints_in_a_folder_of_their_own_are_found(folder, tmp_path_factory):
    other = tmp_path_factory.mktemp('other') / 'epoch_3.pth'
    torch.save(dict(state_dict={}), other)
    (folder / POINTER).write_text(str(other))
    assert find_checkpoint(folder) == other


JUNK = dict(
    missing=lambda pointer: None,
    empty=lambda pointer: pointer.write_text(''),
    folder=lambda pointer: pointer.mkdir(),
    binary=lambda pointer: pointer.write_bytes(bytes(range(256)) * 100),
    null=lambda pointer: pointer.write_bytes(b'epoch_9.pth\0'),
    gone=lambda pointer: pointer.write_text('epoch_77.pth'),
    dots=lambda pointer: pointer.write_text('..'),
    long=lambda pointer: pointer.write_text('x' * 4000),
)


@pytest.mark.parametrize('junk', JUNK.values(), ids=JUNK)
def test_without_a_pointer_the_newest_is_found_by_name(folder, log, junk):
    (folder / POINTER).unlink()
    junk(folder / POINTER)
    assert find_checkpoint(folder) == folder / 'epoch_10.pth'
    assert newest_checkpoint(folder) == folder / 'epoch_10.pth'
    assert any(POINTER in line for line in log)


def cut(path):
    path.write_bytes(path.read_bytes()[:-100])


def flip(path):
    """Change one bit in the middle of the weights."""
    content = bytearray(path.read_bytes())
    place = content.index(torch.full((100,), 10.0).numpy().tobytes()) + 40
    content[place] ^= 1
    path.write_bytes(content)


DAMAGE = dict(
    cut=cut,
    flipped=flip,
    empty=lambda path: path.write_bytes(b''),
    missing=lambda path: path.unlink(),
    other=lambda path: path.write_text('<html>'),
    tensor=lambda path: torch.save(torch.zeros(1), path),
)


@pytest.mark.parametrize('pointer', [True, False])
@pytest.mark.parametrize('damage', DAMAGE.values(), ids=DAMAGE)
def test_the_one_before_a_damaged_one_is_used_and_it_is_named(folder, log, damage, pointer):
    damage(folder / 'epoch_10.pth')
    if not pointer:
        (folder / POINTER).unlink()
    assert find_checkpoint(folder) == folder / 'epoch_9.pth'
    text = '\n'.join(log)
    if damage is not DAMAGE['missing']:
        assert 'epoch_10.pth' in text and 'epoch_9.pth instead' in text
    else:
        assert POINTER in text


def test_never_from_the_start_where_checkpoints_are(folder):
    for path in folder.glob('epoch_*.pth'):
        cut(path)
    with pytest.raises(ValueError, match=r'(?s)No checkpoint.*epoch_10.*epoch_9.*--work-dir'):
        find_checkpoint(folder)


def test_an_empty_or_absent_folder_has_none(tmp_path):
    assert find_checkpoint(tmp_path) is None
    assert find_checkpoint(tmp_path / 'absent') is None
    assert newest_checkpoint(tmp_path / 'absent') is None


def test_iterations_of_the_newest_kind_come_first(tmp_path):
    for name in ('epoch_50.pth', 'iter_900.pth', 'iter_1000.pth'):
        torch.save(dict(state_dict={}), tmp_path / name)
    assert find_checkpoint(tmp_path).name == 'iter_1000.pth'


def test_those_of_another_run_do_not_count(folder):
    note_earlier_checkpoints(folder, {'epoch_9.pth', 'epoch_10.pth'})
    assert find_checkpoint(folder) == folder / 'epoch_2.pth'
    assert is_continued(folder / 'epoch_2.pth', [folder])
    assert not is_continued(folder / 'epoch_9.pth', [folder])
    assert not is_continued(folder / 'epoch_2.pth', [folder.parent])
    note_earlier_checkpoints(folder, set())
    assert not (folder / EARLIER).exists()
    assert find_checkpoint(folder) == folder / 'epoch_10.pth'


def test_set_aside_overwrites_nothing(tmp_path):
    for content in ('first', 'second'):
        (tmp_path / 'epoch_1.pth').write_text(content)
        set_aside(tmp_path / 'epoch_1.pth')
    set_aside(tmp_path / 'epoch_1.pth')
    found = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert found == {'epoch_1.earlier-1.pth': 'first', 'epoch_1.earlier-2.pth': 'second'}
