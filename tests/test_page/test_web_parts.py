"""What the page is made of, without a browser."""

import base64
import io
import json
import os
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip('gradio')

from mmaddp.utils.images import to_uint8
from mmaddp.web.errors import whole_number
from mmaddp.web.limits import Limits
from mmaddp.web.menu import at_hand, named
from mmaddp.web.neighbours import Neighbours, training_pictures
from mmaddp.web.painter import PREFIX, painted_mask
from mmaddp.web.server import is_local
from mmaddp.web.start import listen, start
from mmaddp.web.watched_sampler import trajectory_of, watched
from mmaddp.web.worker import Worker

TOOL = Path(__file__).parents[2] / 'tools' / 'web.py'


def painted(pixels):
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, format='PNG')
    return PREFIX + base64.b64encode(content.getvalue()).decode()


def test_menu_of_folders(models):
    found = named([str(models / name) for name in ('my_model', 'boxes', 'regions')])
    assert [(one.name, one.task) for one in found] == [
        ('my_model', 'generate'),
        ('boxes', 'detect'),
        ('regions', 'segment'),
    ]
    assert found[0].size == (32, 32) and found[0].grid == (4, 4)
    together = named([str(models), str(models / 'boxes')])
    assert [one.name for one in together] == [
        *(f'{models.name}/{name}' for name in ('my_model/addp', 'boxes', 'regions'))
    ]
    with pytest.raises(FileNotFoundError, match='no folder'):
        named([str(models / 'absent')])


def test_menu_of_what_is_at_hand(models, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=r'mmaddp web my_model.*mmaddp pretrain'):
        at_hand()
    (tmp_path / 'work_dirs').symlink_to(models)
    assert len(at_hand()) == 3


def test_watched_generation_is_the_same_and_shares_the_weights(site):
    model = site.worker.run(site.shelf.load, 'my_model')
    steps = []
    view = watched(model, steps.append, num_steps=3, choice_temperature=None)
    pictures = view.generate(2, seed=5, batch_size=2)
    assert [step.number for step in steps] == [1, 2, 3]
    assert (steps[-1].pictures == to_uint8(pictures)).all()
    assert view.model.backbone is model.model.backbone
    assert model.model.sampler.num_steps == 4 and type(model.model.sampler) is not type(
        view.model.sampler
    )
    trajectory = trajectory_of(steps, 1, (4, 4))
    assert trajectory.images.shape == (3, 1, 3, 32, 32)
    assert (to_uint8(trajectory.images[-1, 0]) == steps[-1].pictures[1]).all()


def test_a_job_ends_when_nobody_waits_for_it():
    worker = Worker()
    allowed, reported = threading.Semaphore(0), []

    def work(report):
        for number in range(10):
            allowed.acquire()
            reported.append(number)
            report(number)

    stream = worker.stream(work)
    allowed.release(1)
    assert next(stream) == 0
    stream.close()
    allowed.release(9)
    assert worker.run(lambda: reported) == [0, 1]  # the report after the close has ended it
    with pytest.raises(ValueError, match='inside'):
        list(worker.stream(lambda report: whole_number('inside', 0.5, 0, 1)))
    worker.close()


def test_paint():
    pixels = np.zeros((8, 16, 4), np.uint8)
    with pytest.raises(ValueError, match='Nothing is painted'):
        painted_mask(painted(pixels), (8, 16))
    pixels[2:4, 5] = 255
    pixels[0, 0, 3] = 100
    mask = painted_mask(painted(pixels), (8, 16))
    assert mask.shape == (8, 16) and mask.sum() == 2 and mask[2:4, 5].all()
    for wrong, message in ((None, 'drop a picture'), (painted(pixels[:4]), 'paint again')):
        with pytest.raises(ValueError, match=message):
            painted_mask(wrong, (8, 16))
    with pytest.raises(ValueError, match='not a picture'):
        painted_mask(PREFIX + 'AAAA', (8, 16))


def test_nearest_training_pictures(site, models):
    model = site.worker.run(site.shelf.load, 'my_model')
    folder = models / 'my_model' / 'data' / 'train'
    assert training_pictures(model) == folder
    neighbours, told = Neighbours(most=6), []
    neighbours.learn(model, told.append)
    features = model.features(folder / 'noise' / '2.png')
    found = neighbours.nearest(model, features, 3)
    assert found[0].file.name == '2.png' and found[0].likeness == pytest.approx(1, abs=1e-4)
    assert len(found) == 3 and told == ['Features of training pictures: 0 of 6.']
    neighbours.learn(model, told.append)
    assert len(told) == 1


@pytest.mark.parametrize('value', [0, 9, 2.5, None, '3', float('nan')])
def test_numbers_that_the_page_does_not_send(value):
    with pytest.raises(ValueError, match='The number must be a whole number from 1 to 8'):
        whole_number('The number', value, 1, 8)


def test_only_this_machine_reaches_it_and_by_its_own_names_alone(address):
    assert all(map(is_local, ('127.0.0.1', '::1', 'localhost')))
    assert not any(map(is_local, ('0.0.0.0', '192.168.0.1', '::', 'example.org')))
    request = urllib.request.Request(address, headers=dict(Host='elsewhere.example'))
    with pytest.raises(urllib.error.HTTPError, match='400'):
        urllib.request.urlopen(request)
    with urllib.request.urlopen(address) as answer:
        policy = answer.headers['Content-Security-Policy']
    assert "default-src 'self'" in policy and 'http' not in policy


def test_nothing_is_told_to_the_makers_of_gradio(address):
    with urllib.request.urlopen(f'{address}config') as answer:
        config = json.load(answer)
    assert config['analytics_enabled'] is False and config['footer_links'] == []


def test_what_cannot_be_started_is_said(models, monkeypatch):
    limits = Limits()
    with listen('127.0.0.1', 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=rf'127.0.0.1, port {port}.*another --port'):
            start([str(models / 'my_model')], '127.0.0.1', port, limits)
    monkeypatch.delitem(sys.modules, 'mmaddp.web.server')
    monkeypatch.setitem(sys.modules, 'gradio', None)
    with pytest.raises(ValueError, match=r'pip install "mmaddp\[web\]"'):
        start([], '127.0.0.1', 0, limits)


@pytest.mark.slow
def test_the_command_serves_until_it_is_interrupted(ready_python, models, tmp_path):
    command = (ready_python, TOOL, models / 'my_model', '--port', '0', '--device', 'cpu')
    environment = os.environ | dict(OMP_NUM_THREADS='1', PYTHONPATH=str(TOOL.parents[1]))
    pipes = dict(stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    process = subprocess.Popen(list(map(str, command)), cwd=tmp_path, env=environment, **pipes)
    try:
        lines = iter(process.stdout.readline, '')
        address = next(line.split()[0] for line in lines if line.startswith('http://127.0.0.1:'))
        with urllib.request.urlopen(address) as answer:
            assert b'gradio' in answer.read()
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=60)
        assert process.returncode == 130 and rest.strip() == 'web: stopped.'
    finally:
        process.kill()
