"""Exported networks compute what the models do, and the examples that use them too."""

import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from exports import ROOT, load_toy
from PIL import Image

from mmaddp.export import comparison, exporting, formats
from mmaddp.export.comparison import TOLERANCE

from detect import main as detect_main  # isort: skip
from detect import detect, open_networks  # isort: skip, the examples are on the path now
from exported import Exported  # isort: skip
from generate import generate, image_seed  # isort: skip
from predict import predict  # isort: skip

# Each task and each kind of file, but not all combinations: tracing takes a second.
FIRST = dict(classify='onnx', features='openvino', generate='onnx', segment='torch', detect='torch')
NETWORKS = dict(detect=['pyramid', 'boxes', 'masks'], generate=['denoise', 'decode'])
TASKS = [
    pytest.param(task, marks=[pytest.mark.slow] if task in ('segment', 'detect') else [])
    for task in FIRST
]


class Exports(dict):
    """Toys by task, each exported when it is asked for, with the differences and the folder."""

    def __init__(self, folder):
        super().__init__()
        self.folder = folder

    def __missing__(self, task):
        model, folder = load_toy(task), self.folder / task
        differences = model.export(folder, FIRST[task], task=task)
        self[task] = SimpleNamespace(model=model, folder=folder, differences=differences)
        return self[task]


@pytest.fixture(scope='module')
def exports(tmp_path_factory):
    return Exports(tmp_path_factory.mktemp('exports'))


@pytest.fixture(scope='module')
def picture(tmp_path_factory):
    """A picture that no transform leaves as it is."""
    pixels = np.random.default_rng(0).integers(0, 256, (11, 8, 3), dtype=np.uint8)
    file = tmp_path_factory.mktemp('pictures') / 'picture.png'
    Image.fromarray(pixels).resize((90, 70), Image.Resampling.BICUBIC).save(file)
    return file


def open_one(export) -> Exported:
    (file,) = export.differences
    return Exported(file)


@pytest.mark.parametrize('task', TASKS)
def test_networks_compute_what_the_model_does_in_every_shape(exports, task):
    assert all(each.value <= TOLERANCE for each in exports[task].differences.values())
    files = {file.name for file in exports[task].folder.iterdir()}
    endings = formats.FORMATS[FIRST[task]].endings
    names = NETWORKS.get(task, [task])
    assert files == {name + ending for name in names for ending in endings}


def test_example_classifies_as_the_model(exports, picture):
    export = exports['classify']
    found = predict(open_one(export), picture)
    (expected,) = export.model.classify(picture)
    np.testing.assert_allclose(found['scores'], expected['pred_scores'], atol=1e-3)
    assert found['class'] == expected['pred_label']


@pytest.mark.slow
def test_example_segments_as_the_model(exports, picture):
    export = exports['segment']
    (expected,) = export.model.segment(picture)
    labels = predict(open_one(export), picture)['labels']
    assert labels.shape == (70, 90)
    assert np.mean(labels == expected['labels'].numpy()) > 0.99
    assert open_one(export).metadata['classes'] == list(expected['names'])


def test_example_computes_features_as_the_model(exports, picture):
    export = exports['features']
    found = predict(open_one(export), picture)
    expected = export.model.features(picture)[0]
    np.testing.assert_allclose(found['features'], expected, atol=2e-2)


@pytest.mark.slow
def test_example_detects_as_the_model(exports, tmp_path, monkeypatch, capsys):
    export = exports['detect']
    # Halving it is exact: scores without training are close, and rounding would reorder them.
    pixels = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    picture = tmp_path / 'picture.png'
    Image.fromarray(pixels.repeat(2, axis=0).repeat(2, axis=1)).save(picture)
    found = detect(open_networks(export.folder, '.pt2'), picture)
    (expected,) = export.model.detect(picture, score_threshold=0)
    assert len(found['scores']) == len(expected['scores']) > 0
    np.testing.assert_allclose(found['scores'], expected['scores'], atol=1e-3)
    np.testing.assert_allclose(found['bboxes'], expected['bboxes'], atol=0.1)
    assert (found['labels'] == np.asarray(expected['labels'])).all()
    assert np.mean(found['masks'] == np.asarray(expected['masks'])) > 0.99
    options = ['--ending', '.pt2', '--least-score', '0']
    monkeypatch.setattr('sys.argv', ['detect.py', str(export.folder), str(picture), *options])
    detect_main()
    assert len(capsys.readouterr().out.splitlines()) == 1 + len(found['scores'])


@pytest.mark.parametrize('decode_every', [1, 2])
def test_example_generates_the_pictures_of_the_model(exports, monkeypatch, decode_every):
    export = exports['generate']
    monkeypatch.setattr(export.model.model.sampler, 'decode_every', decode_every)
    networks = [Exported(export.folder / f'{name}.onnx') for name in ('denoise', 'decode')]
    assert networks[0].metadata['sampler']['decode_every'] == 1
    monkeypatch.setitem(networks[0].metadata['sampler'], 'decode_every', decode_every)
    seeds = [image_seed(5, index) for index in range(2)]
    steps = zip(generate(*networks, seeds), export.model.model.generate(seeds), strict=True)
    for (images, token_ids), state in steps:
        assert (token_ids == state.token_ids.numpy()).all()
        np.testing.assert_allclose(images, state.images.numpy(), atol=1e-3)


def test_examples_need_neither_torch_nor_mmaddp(exports, picture, tmp_path):
    (file,) = exports['classify'].differences
    lines = [
        'import runpy, sys',
        "sys.modules.update(dict.fromkeys(('torch', 'mmaddp', 'mmengine', 'cv2')))",
        f'sys.path.insert(0, {str(ROOT / "examples" / "export")!r})',
        f'sys.argv = ["predict.py", {str(file)!r}, {str(picture)!r}]',
        'runpy.run_module("predict", run_name="__main__")',
        f'sys.argv = ["generate.py", {str(exports["generate"].folder)!r}, "--num-images", "1"]',
        'runpy.run_module("generate", run_name="__main__")',
    ]
    done = subprocess.run(
        [sys.executable, '-c', '\n'.join(lines)],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    assert f'{picture}: ' in done.stdout
    with Image.open(tmp_path / 'generated' / '000000.png') as made:
        assert made.size == (32, 32)


def test_a_graph_that_computes_something_else_is_refused(exports, tmp_path, monkeypatch):
    model = exports['classify'].model
    trace = exporting.trace

    def trace_another(network):
        bias = network.module.model.head.fc.bias
        kept = bias.detach().clone()
        program = trace(network)
        program.state_dict['model.head.fc.bias'] = torch.nn.Parameter(kept + 0.01)
        return program

    monkeypatch.setattr(exporting, 'trace', trace_another)
    (tmp_path / 'classify.xml').write_text('mine')
    with pytest.raises(ValueError, match=r'classify differs from the model by .*nothing was'):
        model.export(tmp_path, 'torch')
    assert [file.name for file in tmp_path.iterdir()] == ['classify.xml']


def test_nothing_is_overwritten(exports):
    export = exports['classify']
    (file,) = export.differences
    before = file.read_bytes()
    with pytest.raises(ValueError, match=r'classify\.onnx: there already'):
        export.model.export(export.folder)
    assert file.read_bytes() == before


def test_missing_packages_are_named_with_the_extra(exports, tmp_path, monkeypatch):
    monkeypatch.setattr(formats, 'find_spec', lambda name: None if name == 'openvino' else name)
    with pytest.raises(ValueError, match=r"openvino cannot .* pip install 'mmaddp\[export\]'"):
        exports['classify'].model.export(tmp_path / 'new', 'openvino')
    assert not (tmp_path / 'new').exists()


def test_tasks_and_kinds_that_do_not_exist_are_refused(exports, tmp_path):
    model = exports['classify'].model
    with pytest.raises(ValueError, match='can be exported for classify, features, not for'):
        model.export(tmp_path, task='generate')
    with pytest.raises(ValueError, match='one of onnx, openvino, torch'):
        model.export(tmp_path, 'tflite')


@pytest.mark.parametrize(
    ('exported', 'expected'),
    [
        (np.zeros((2, 3)), np.inf),
        (np.array([0, np.nan]), np.inf),
        (np.array([1.0, 1.5]), 0.5),
        (np.array([1.0, 1.0]), 0.0),
    ],
)
def test_difference_of_arrays(exported, expected):
    assert comparison._difference(np.ones(2), exported) == expected
    assert comparison._difference(np.full(2, 100.0), np.array([100.0, 101.0])) == 0.01
