"""Lines of the screen, likeness of samples, values of a time."""

import argparse

import pytest
import torch
from toy_models import toy_addp

from mmaddp.engine.insight.features import features_of
from mmaddp.engine.insight.figures import knn_accuracy, probe_accuracy
from mmaddp.own.likeness import nearest_pictures
from mmaddp.own.pages import html_page, markdown_page
from mmaddp.own.progress import shorten
from mmaddp.own.stage import Picture
from mmaddp.registry import MODELS
from mmaddp.run.argument_types import seconds
from mmaddp.utils.durations import duration

START = '2026/11/30 10:00:00 - mmengine - INFO - '


@pytest.mark.parametrize(
    'line, shown',
    [
        (
            'Epoch(train)   [3][ 50/100]  lr: 1.0e-03  eta: 0:01:40  time: 0.0500  '
            'data_time: 0.0010  loss: 0.1234  psnr: 20.1',
            'epoch 3, step 50 of 100: 20 steps/s, 0:01:40 left, loss 0.123',
        ),
        (
            'Epoch(train)  [12][7/7]  lr: 1.0e-03  eta: 1 day, 2:03:04  time: 2.0  loss: nan',
            'epoch 12, step 7 of 7: 0.5 steps/s, 1 day, 2:03:04 left, loss nan',
        ),
        (
            'Epoch(val) [10][2/2]    tokenizer/psnr: 21.5  tokenizer/codebook_usage: 0.9  time: 1',
            'held-out pictures: psnr 21.5, codebook_usage 0.9',
        ),
        (
            'Iter(train) [ 4/36]  lr: 2.0e-05  eta: 0:00:05  time: 0.2000  loss: 2.2342  acc: 23.4',
            'step 4 of 36: 5 steps/s, 0:00:05 left, loss 2.23',
        ),
        ('Something else', 'Something else'),
    ],
)
def test_lines_of_the_screen(line, shown):
    assert shorten(START + line + '\n') == shown


def test_copies_are_near_and_found():
    generator = torch.Generator().manual_seed(0)
    training = torch.rand(30, 3, 32, 32, generator=generator)
    distances, numbers = nearest_pictures(training[[4, 7]], training)
    assert numbers.tolist() == [4, 7] and distances.max() < 1e-3
    black, white = torch.zeros(1, 3, 32, 32), torch.ones(1, 3, 32, 32)
    assert nearest_pictures(black, white)[0].item() == pytest.approx(1, abs=1e-4)


def test_classes_are_told_apart_by_features_that_tell_them_apart():
    generator = torch.Generator().manual_seed(0)
    labels = [i % 2 for i in range(60)]
    noise = torch.randn(60, 8, generator=generator)
    centres = torch.tensor([[4.0] * 8, [-4.0] * 8])[labels]
    for measure in (knn_accuracy, probe_accuracy):
        told = measure(noise + centres, labels, noise.flip(0) + centres, labels)
        not_told = measure(noise, labels, noise.roll(7, 1).flip(0), labels)
        assert told == 1 and not_told < 0.8


def test_features_after_some_blocks_are_the_outputs_of_these():
    torch.manual_seed(0)
    model = MODELS.build(toy_addp())
    model.init_weights()
    model.eval()
    images = torch.rand(3, 3, 32, 32)
    outputs = []
    last = model.backbone.layers[-1]
    last.register_forward_hook(lambda _, __, tokens: outputs.append(tokens[:, 1:].mean(dim=1)))
    features_of(model, images)
    before_norm = features_of(model, images, len(model.backbone.layers))
    torch.testing.assert_close(before_norm, outputs[0])
    assert not torch.allclose(features_of(model, images, 0), before_norm)


def test_pages_escape_what_file_names_hold(tmp_path):
    (tmp_path / 'a.png').write_bytes(b'png')
    tables = {'Findings': [['what'], ['<script> & a|b']]}
    pictures = (Picture('A', 'a.png', 'Text'),)
    page = html_page('<b>', tables, pictures, tmp_path)
    assert '<script>' not in page and '&lt;script&gt; &amp; a|b' in page
    assert 'data:image/png;base64,cG5n' in page
    assert '| <script> & a\\|b |' in markdown_page('x', tables, pictures)


@pytest.mark.parametrize('text, value', [('90s', 90), ('10m', 600), ('1.5h', 5400)])
def test_times(text, value):
    assert seconds(text) == value


@pytest.mark.parametrize('text', ['', '10', 'm', '-1m', '0s', 'nanh', 'infm', '10d'])
def test_no_times(text):
    with pytest.raises(argparse.ArgumentTypeError):
        seconds(text)


@pytest.mark.parametrize(
    'value, text', [(5, '5 s'), (75, '1 min 15 s'), (3600, '1 h 0 min'), (86399.7, '24 h 0 min')]
)
def test_durations(value, text):
    assert duration(value) == text
