"""tools/test.py on a classifier: two ranks, predictions, report, test-time augmentation, k-NN."""

import csv
import json
import re

import numpy as np
import pytest
import torch
from free_port import free_port
from mmengine.config import Config
from mmpretrain.structures import DataSample
from PIL import Image
from test_tools.conftest import ROOT
from toy_classification import CLASSES, COUNTS, save_weights, toy_config, write_images

from mmaddp.apis import build_model
from mmaddp.run.config_keys import effective_keys
from mmaddp.run.testing import augment_test

pytestmark = pytest.mark.slow

TEST = ['python', ROOT / 'tools' / 'test.py']


@pytest.fixture
def classifier(tmp_path):
    """Configuration file and weights of a classifier of 13 images."""
    cfg = toy_config(write_images(tmp_path / 'data'), tmp_path / 'work')
    cfg.test_dataloader.batch_size = 2
    cfg.log_level = 'INFO'
    flips = [dict(type='RandomFlip', prob=0.0), dict(type='RandomFlip', prob=1.0)]
    cfg.tta_model = dict(type='AverageClsScoreTTA')
    pack = dict(type='PackInputs')
    cfg.tta_pipeline = [
        dict(type='mmaddp.LoadRGBImage'),
        dict(type='TestTimeAug', transforms=[flips, [pack]]),
    ]
    for key in cfg.keys() - effective_keys():  # variables have done their work
        cfg.pop(key)
    cfg.dump(tmp_path / 'classifier.py')
    return tmp_path / 'classifier.py', save_weights(cfg, tmp_path / 'weights.pth')


def rows(file):
    with file.open() as lines:
        return list(csv.DictReader(lines))


def test_two_ranks_count_every_image_once(call, classifier, tmp_path):
    """13 images on two ranks are padded to 14; predictions and figures are those of one rank."""
    port = str(free_port())
    script = ('bash', ROOT / 'tools' / 'dist_test.sh')
    two = call(*script, *classifier, 2, '--out', 'two.csv', '--report', 'two', PORT=port)
    assert two.returncode == 0, two.stdout
    one = call(*TEST, *classifier, '--out', 'one.json', '--report', 'one')
    assert one.returncode == 0, one.stdout
    entries, lines = json.loads((tmp_path / 'one.json').read_text()), rows(tmp_path / 'two.csv')
    images = [f'{name}/{i}.png' for name, count in zip(CLASSES, COUNTS) for i in range(count)]
    assert len(entries) == len(lines) == len(images) == 13
    for entry, line, image in zip(entries, lines, images):
        assert line['image'] == entry['image'] and line['image'].endswith(f'val/{image}')
        assert int(line['prediction']) == entry['prediction'] == entry['best'][0]['prediction']
        assert line['class'] == CLASSES[entry['prediction']]
        assert CLASSES[int(line['label'])] == image.split('/')[0]
        assert float(line['score']) == pytest.approx(entry['score'], abs=1e-5)
        assert sum(best['score'] for best in entry['best']) == pytest.approx(1, abs=1e-5)
    correct = sum(entry['prediction'] == entry['label'] for entry in entries)
    for done in (one, two):
        (shown,) = re.findall(r'accuracy/top1: ([\d.]+)', done.stdout)
        assert float(shown) == pytest.approx(100 * correct / 13, abs=1e-3)
    for name in ('class_report.csv', 'confusion_matrix.csv'):
        assert (tmp_path / 'one' / name).read_text() == (tmp_path / 'two' / name).read_text()
    assert [int(row['support']) for row in rows(tmp_path / 'one' / 'class_report.csv')] == [*COUNTS]
    Image.open(tmp_path / 'two' / 'confusion_matrix.png').verify()


def test_flips_are_averaged(call, classifier):
    """The score is the mean of those of the image and of its mirror image."""
    done = call(*TEST, *classifier, '--out', 'both.json', '--tta')
    assert done.returncode == 0, done.stdout
    entries = json.loads((classifier[0].parent / 'both.json').read_text())
    model = build_model(*classifier)
    for entry in entries:
        image = torch.from_numpy(np.array(Image.open(entry['image']))).permute(2, 0, 1)[None]
        expected, mirrored = (
            model.test_step(dict(inputs=view, data_samples=[DataSample()]))[0].pred_score
            for view in (image, image.flip(-1))
        )
        found = sorted(entry['best'], key=lambda best: best['prediction'])
        found = torch.tensor([best['score'] for best in found])
        torch.testing.assert_close(found, (expected + mirrored) / 2)
    assert (expected - mirrored).abs().max() > 1e-4


def test_absent_augmentation_is_named(classifier):
    cfg = Config.fromfile(classifier[0])
    cfg.tta_model = None
    with pytest.raises(ValueError, match=r'--tta needs tta_model in .*classifier\.py'):
        augment_test(cfg)
