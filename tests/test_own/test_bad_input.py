"""Bad input to mmaddp pretrain and finetune: one message for each, and nothing lost."""

import json
import shutil
import types

import numpy as np
import pytest
from PIL import Image
from test_own.labelled_shapes import save_encoder, write_coco
from test_own.own_pictures import write_shapes
from test_own.test_plan import wishes

from mmaddp.own import prepare, pretrain
from mmaddp.own.finetuning import finetune
from mmaddp.own.finetuning.plan import Cost as FinetuningCost
from mmaddp.own.finetuning.plan import Wishes as FinetuningWishes
from mmaddp.own.plan_time import Cost

COMMANDS = ('pretrain', 'finetune')


@pytest.fixture(scope='module')
def encoder(tmp_path_factory):
    return save_encoder(tmp_path_factory.mktemp('encoder') / 'model')


@pytest.fixture
def start(tmp_path, encoder, monkeypatch):
    """A function that plans with one of the commands; costs of steps are fixed."""
    monkeypatch.setattr(pretrain, 'measure', lambda *args: Cost(0.1, 0.5))
    monkeypatch.setattr(finetune, 'measure', lambda *args: FinetuningCost(1.0, 0.1, 1.0, 0.5))

    def run(command, budget=60.0, task='classify', out='out'):
        images, place = tmp_path / 'in', tmp_path / out
        if command == 'pretrain':
            asked = wishes(budget=budget)
            return pretrain.pretrain(images, place, asked, only_plan=True)
        asked = FinetuningWishes(task, str(encoder), budget, 'cpu', 0)
        return finetune.finetune(images, place, asked, only_plan=True)

    return run


def only_unreadable(folder):
    for file in write_shapes(folder, 20).rglob('*.png'):
        file.write_bytes(file.read_bytes()[:60])


def only_black(folder):
    """The same picture in files that differ."""
    for index, file in enumerate(sorted(write_shapes(folder, 20).rglob('*.png'))):
        Image.new('RGB', (40 + index, 40)).save(file)


def other_channels(folder):
    tifffile = pytest.importorskip('tifffile')
    write_shapes(folder, 20)
    bands = np.zeros((40, 40, 5), np.uint16)
    form = dict(photometric='minisblack', planarconfig='contig')
    tifffile.imwrite(folder / 'disc' / 'bands.tif', bands, **form)


def copies(folder):
    write_shapes(folder, 1)
    for index in range(20):
        shutil.copy(folder / 'disc' / '000.png', folder / 'disc' / f'copy{index}.png')


FOLDERS = {
    'none': (lambda folder: None, 'There is no folder'),
    'a file': (lambda folder: folder.write_text('x'), 'is a file: give the folder'),
    'no pictures': (lambda folder: folder.mkdir(), 'holds no picture that can be used'),
    'one picture': (lambda folder: write_shapes(folder, 1), 'holds 1 picture that'),
    'small': (lambda folder: write_shapes(folder, 20, side=6), '20 are smaller than a patch'),
    'equal files': (copies, 'All 21 pictures in .* are equal'),
    'equal pictures': (only_black, 'All pictures in .* look the same'),
    'unreadable': (only_unreadable, r'20 are not readable; for instance box/001\.png'),
    'channels': (other_channels, r'different numbers of channels: 20 with 3 .*, 1 with 5 \(.*tif'),
}


@pytest.mark.parametrize('command', COMMANDS)
@pytest.mark.parametrize('what', FOLDERS)
def test_folders_that_teach_nothing(tmp_path, start, command, what):
    make, message = FOLDERS[what]
    make(tmp_path / 'in')
    before = sorted(tmp_path.rglob('*'))
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        start(command)
    assert sorted(tmp_path.rglob('*')) == before


@pytest.mark.parametrize('command', COMMANDS)
def test_a_folder_of_another_plan_stays_as_it_is(tmp_path, start, command):
    write_shapes(tmp_path / 'in', 20)
    start(command)
    before = {file: file.read_bytes() for file in (tmp_path / 'out').rglob('*.*')}
    with pytest.raises(ValueError, match=r'another plan: budget is 90\.0, there 60\.0'):
        start(command, budget=90.0)
    other = COMMANDS[command == 'pretrain']
    with pytest.raises(FileExistsError, match=f'was not made by {other}'):
        start(other)
    assert {file: file.read_bytes() for file in (tmp_path / 'out').rglob('*.*')} == before


@pytest.mark.parametrize('command', COMMANDS)
def test_budgets_and_disks_that_are_too_small_leave_no_plan(tmp_path, start, command, monkeypatch):
    write_shapes(tmp_path / 'in', 20)
    with pytest.raises(ValueError, match=r'too small.* at least \d+ s'):
        start(command, budget=9.0)
    assert not (tmp_path / 'out' / 'plan.json').exists()
    usage = types.SimpleNamespace(free=10_000)
    monkeypatch.setattr(prepare.shutil, 'disk_usage', lambda place: usage)
    with pytest.raises(OSError, match=r'the plan needs about \d+ MB, but 0 MB are free'):
        start(command)
    assert not (tmp_path / 'out' / 'plan.json').exists()
    assert not list((tmp_path / 'out').rglob('configs/*.py'))
    monkeypatch.undo()


def edited(folder, change):
    content = json.loads((folder / 'annotations.json').read_text())
    change(content)
    (folder / 'annotations.json').write_text(json.dumps(content))


COCO = {
    'an entry without a picture': (
        lambda content: content['annotations'][3].update(image_id=99),
        'annotation.*99',
    ),
    'a picture that is not there': (
        lambda content: content['images'][3].update(file_name='gone.png'),
        r'1 of 20 images .* the first is gone\.png',
    ),
    'a category that is not there': (
        lambda content: content['annotations'][3].update(category_id=99),
        'annotation.*99',
    ),
    'no entry at all': (
        lambda content: content['annotations'].clear(),
        'annotations.json',
    ),
}


@pytest.mark.parametrize('what', COCO)
def test_labels_that_no_picture_has(tmp_path, start, what):
    change, message = COCO[what]
    edited(write_coco(tmp_path / 'in'), change)
    with pytest.raises(ValueError, match=message):
        start('finetune', task='detect')
    assert not (tmp_path / 'out').exists()
