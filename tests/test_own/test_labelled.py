"""What is read of labelled pictures, how they are divided, and what is wrong with them."""

import json
import shutil
from collections import Counter

import numpy as np
import pytest
from PIL import Image
from test_own.labelled_shapes import SIDE, write_coco, write_maps
from test_own.own_pictures import write_shapes

from mmaddp.own.finetuning.class_data import look_at_classes
from mmaddp.own.finetuning.coco_data import look_at_coco
from mmaddp.own.finetuning.labelled import held_out
from mmaddp.own.finetuning.map_data import look_at_maps


def edit(file, change):
    content = json.loads(file.read_text())
    change(content)
    file.write_text(json.dumps(content))


def test_the_draw_takes_a_fifth_of_each_class_and_follows_the_seed():
    groups = dict(a=[f'a{n}' for n in range(20)], b=['b0', 'b1'], c=['c0'])
    drawn = held_out(groups, 0)
    assert Counter(name[0] for name in drawn) == dict(a=4, b=1)
    assert drawn == held_out(groups, 0) != held_out(groups, 1)


def test_class_folders_are_divided_by_class(tmp_path):
    found = look_at_classes(write_shapes(tmp_path / 'in', 20), 0)
    assert found.classes == ('box', 'disc') and found.side == 40
    assert (found.number('train'), found.number('val')) == (16, 4)
    assert found.baselines() == {'accuracy of always the most frequent class, %': 50.0}
    lines = found.lists()['val.txt'].splitlines()
    assert (
        sorted(line.rpartition(' ')[0].split('/')[0] for line in lines)
        == ['box'] * 2 + ['disc'] * 2
    )
    assert {line[:3]: line[-1] for line in lines} == dict(box='0', dis='1')
    assert found.digest != look_at_classes(tmp_path / 'in', 1).digest


def test_folders_train_and_val_are_kept(tmp_path):
    for split in ('train', 'val'):
        write_shapes(tmp_path / split, 24)
        for file in sorted((tmp_path / split).rglob('*.png')):
            kept = int(file.stem) < 16 if split == 'train' else int(file.stem) >= 16
            if not kept:
                file.unlink()
    found = look_at_classes(tmp_path, 0)
    assert (found.number('train'), found.number('val')) == (16, 8)
    assert all(p.file.startswith('val/') for p in found.splits['val'])
    (tmp_path / 'val' / 'disc').rename(tmp_path / 'val' / 'disk')
    with pytest.raises(ValueError, match='there is no class disk'):
        look_at_classes(tmp_path, 0)


def test_classes_that_do_not_suffice_are_named(tmp_path):
    data = write_shapes(tmp_path / 'in', 40)
    shutil.copy(data / 'disc' / '000.png', data / 'loose.png')
    (data / 'disc' / '000.png').unlink()
    with pytest.raises(ValueError, match=r'loose\.png has no label'):
        look_at_classes(data, 0)
    (data / 'ring').mkdir()
    (data / 'loose.png').rename(data / 'ring' / 'loose.png')
    with pytest.raises(ValueError, match='The class ring has one picture'):
        look_at_classes(data, 0)
    shutil.rmtree(data / 'ring')
    shutil.rmtree(data / 'disc')
    with pytest.raises(ValueError, match='holds one class, box'):
        look_at_classes(data, 0)


def test_a_coco_file_is_divided_and_numbered_anew(tmp_path):
    found = look_at_coco(write_coco(tmp_path / 'in'), 0)
    assert found.classes == ('disc', 'box') and not found.with_mask
    assert (found.number('train'), found.number('val')) == (16, 4)
    content = json.loads(found.lists()['train.json'])
    assert [image['id'] for image in content['images']] == list(range(1, 17))
    assert [entry['id'] for entry in content['annotations']] == list(range(1, 17))
    assert {entry['category_id'] for entry in content['annotations']} == {1, 2}
    assert content['images'][0]['file_name'].startswith('images/')


def test_two_coco_files_keep_their_division_and_have_the_same_classes(tmp_path):
    data = write_coco(tmp_path / 'in')
    whole = json.loads((data / 'annotations.json').read_text())
    (data / 'annotations.json').unlink()
    for split, chosen in (('train', range(14)), ('val', range(14, 20))):
        part = {
            **whole,
            'images': [image for image in whole['images'] if image['id'] in chosen],
            'annotations': [e for e in whole['annotations'] if e['image_id'] in chosen],
        }
        (data / f'{split}.json').write_text(json.dumps(part))
    found = look_at_coco(data, 0)
    assert (found.number('train'), found.number('val')) == (14, 6)
    edit(data / 'val.json', lambda content: content['annotations'][0].update(category_id=9))
    with pytest.raises(ValueError, match=r'val\.json has objects of unused, of which train'):
        look_at_coco(data, 0)
    (data / 'val.json').unlink()
    with pytest.raises(FileNotFoundError, match=r'train\.json, but no .*val\.json'):
        look_at_coco(data, 0)


def test_coco_files_that_do_not_fit_are_named(tmp_path):
    data = write_coco(tmp_path / 'in')
    file = data / 'annotations.json'
    (data / 'images' / '003.png').rename(tmp_path / '003.png')
    with pytest.raises(ValueError, match=r'1 of 20 images .* the first is 003\.png'):
        look_at_coco(data, 0)
    (tmp_path / '003.png').rename(data / 'images' / '003.png')
    edit(file, lambda content: content['images'][2].update(width=99))
    with pytest.raises(ValueError, match=r'002\.png has 40 x 40 pixels.* say 99 x 40'):
        look_at_coco(data, 0)
    edit(file, lambda content: content['images'].pop(2))
    with pytest.raises(ValueError, match='annotation'):
        look_at_coco(data, 0)
    file.rename(data / 'mine.json')
    with pytest.raises(FileNotFoundError, match='holds no COCO file'):
        look_at_coco(data, 0)


def test_a_picture_without_an_entry_is_said_to_be_left_out(tmp_path):
    data = write_coco(tmp_path / 'in')

    def remove(content):
        content['images'] = content['images'][1:]
        content['annotations'] = content['annotations'][1:-1]

    edit(data / 'annotations.json', remove)
    found = look_at_coco(data, 0, data / 'annotations.json')
    text = '\n'.join(found.lines)
    assert 'in no annotation file: 1, for instance images/000.png' in text
    assert 'Without an object, and so not used for training: 1.' in text


def test_label_maps_have_names_from_a_file_or_numbers(tmp_path):
    data = write_maps(tmp_path / 'in')
    found = look_at_maps(data, 0)
    assert found.classes == ('class_0', 'class_1', 'class_2')
    assert found.lists()['val.txt'].split()[0] in {f'{n:03}' for n in range(20)}
    weights = found.weights()
    assert weights[0] == 0.1 and all(0.2 < weight < 0.5 for weight in weights[1:])
    assert 0.1 < found.mean_weight() < 0.3
    miou, pixels = found.baselines().values()
    assert pixels > 80 and miou == pytest.approx(pixels / 3)
    (data / 'classes.txt').write_text('ground\ndisc\nbox\n')
    assert look_at_maps(data, 0).classes == ('ground', 'disc', 'box')
    (data / 'classes.txt').write_text('ground\ndisc\n')
    with pytest.raises(ValueError, match=r'001\.png holds the label 2, .* names 2 classes'):
        look_at_maps(data, 0)


def test_label_maps_that_do_not_fit_are_named(tmp_path):
    data = write_maps(tmp_path / 'in')
    map_file = data / 'labels' / '004.png'
    Image.fromarray(np.zeros((SIDE, SIDE - 1), np.uint8)).save(map_file)
    with pytest.raises(ValueError, match=r'004\.png has 39 x 40 pixels, its picture 40 x 40'):
        look_at_maps(data, 0)
    map_file.unlink()
    with pytest.raises(FileNotFoundError, match=r'images/004\.png has no label map'):
        look_at_maps(data, 0)
    shutil.rmtree(data / 'labels')
    with pytest.raises(FileNotFoundError, match='--task segment takes a folder'):
        look_at_maps(data, 0)
