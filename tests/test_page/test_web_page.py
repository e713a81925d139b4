"""The real page in a real browser. Runs with both families, since the models are of the hosts."""

import io
import json
import re
import threading
import zipfile

import numpy as np
import pytest
from PIL import Image

from mmaddp.models.task_modules import AlternatingSampler
from mmaddp.utils.images import to_uint8

PlaywrightTimeout = pytest.importorskip('playwright.sync_api').TimeoutError
pytestmark = pytest.mark.slow

# Where the middle of the canvas is painted, in pixels of the screen.
STROKE = range(-40, 41, 10)
PAUSE = 300  # milliseconds


def generate(page):
    page.get_by_role('button', name='Generate', exact=True).click()


def finish(page):
    page.get_by_text('of seed').wait_for()


def set_value(page, label, value):
    """Type a number at the pace of a person: gradio loses what comes before it has settled."""
    field = page.get_by_label(label).first
    field.wait_for()
    page.wait_for_timeout(PAUSE)
    field.fill(str(value))
    field.press('Enter')
    page.wait_for_timeout(PAUSE)


def archive(page, button):
    """Pictures and text of the file that a button hands out."""
    with page.expect_download() as waiting:
        page.get_by_role('button', name=button).click()
    with zipfile.ZipFile(waiting.value.path()) as files:
        about = json.loads(files.read('about.json'))
        names = sorted(name for name in files.namelist() if name.endswith('.png'))
        pictures = [np.array(Image.open(io.BytesIO(files.read(name)))) for name in names]
    return pictures, about


def shown(page, place, number):
    """Wait until there are so many pictures in a place of the page, and no more."""
    pictures = page.locator(f'#{place} img')
    pictures.nth(number - 1).wait_for()
    assert pictures.count() == number


def upload(page, place, name, content):
    file = dict(name=name, mimeType='image/png', buffer=content)
    page.locator(f'#{place}-upload input[type=file]').set_input_files(file)


def png(size, seed=0):
    pixels = np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, format='PNG')
    return content.getvalue()


@pytest.fixture
def model(site):
    return site.worker.run(site.shelf.load, site.shelf.names('generate')[0])


class Gate:
    """Lets steps of generations pass, one by one or all."""

    def __init__(self):
        self.passed = 0
        self._permits = threading.Semaphore(0)
        self._open = threading.Event()

    def wait(self):
        while not self._open.is_set() and not self._permits.acquire(timeout=0.1):
            pass
        self.passed += 1

    def let_pass(self, steps):
        self._permits.release(steps)

    def open(self):
        self._open.set()


@pytest.fixture
def gate(monkeypatch):
    gate = Gate()
    advance = AlternatingSampler.advance

    def advance_later(self, *arguments):
        gate.wait()
        return advance(self, *arguments)

    monkeypatch.setattr(AlternatingSampler, 'advance', advance_later)
    yield gate
    gate.open()


def end_of_work(site, gate):
    """Let steps pass, a second apart, until the networks are at rest."""
    turn = threading.Thread(target=site.worker.run, args=(len, ()))
    turn.start()
    while turn.is_alive():
        gate.let_pass(1)
        turn.join(1)


def test_generates_what_the_command_generates_and_shows_the_steps(visit, model):
    page = visit()
    page.get_by_text('Seed, steps and temperature').click()
    set_value(page, 'Seed', 7)
    generate(page)
    finish(page)
    page.locator('#steps img').wait_for()
    pictures, about = archive(page, 'All pictures')
    assert (pictures == to_uint8(model.generate(len(pictures), seed=7))).all()
    assert about['seed'] == 7 and about['num_steps'] == model.model.sampler.num_steps
    shown(page, 'generated', len(pictures))


def test_shows_each_step_while_it_generates(visit, gate):
    page = visit()
    generate(page)
    for number in (1, 2, 3):
        gate.let_pass(1)
        page.get_by_text(f'Step {number} of 4').wait_for()
        shown(page, 'generated', 8)
    gate.let_pass(1)
    finish(page)  # soon after the last step, too soon for a look at its line


def test_paints_and_draws_anew(visit, model):
    page = visit()
    generate(page)
    page.get_by_role('button', name='Edit this picture').click()
    page.locator('#board .mask').wait_for()
    page.locator('#edit-go').click()
    page.get_by_text('Nothing is painted').wait_for()
    paint(page)
    page.locator('#edit-go').click()
    page.get_by_text('painted: 4 versions').wait_for()
    shown(page, 'edited', 4)
    pictures, _ = archive(page, 'All versions')
    original = to_uint8(model.generate(8, seed=0))[0]
    changed = (np.stack(pictures) != original).any(axis=(0, -1))
    assert changed[14:18, 14:18].all()
    assert not changed[:4].any() and not changed[:, :4].any()


def paint(page):
    """A short stroke over the middle."""
    box = page.locator('#board .mask').bounding_box()
    x, y = box['x'] + box['width'] / 2, box['y'] + box['height'] / 2
    page.mouse.move(x + STROKE[0], y)
    page.mouse.down()
    for distance in STROKE:
        page.mouse.move(x + distance, y)
    page.mouse.up()


def test_other_ways_of_editing(visit):
    page = visit()
    page.get_by_role('tab', name='Edit').click()
    upload(page, 'edit', 'photo.png', png((50, 70)))
    page.locator('#edit-upload img').wait_for()
    for way in ('Vary', 'Hide and guess', 'Extend'):
        page.locator('#way').get_by_label(way).check()
        page.locator('#edit-go').click()
        page.get_by_text(f'{way}: 4 versions').wait_for()
        pictures, about = archive(page, 'All versions')
        assert about['way'] == way and len(pictures) == 4


def test_looks_into_a_picture_with_all_models(visit):
    page = visit()
    page.get_by_role('tab', name='Look').click()
    upload(page, 'look', 'photo.png', png((50, 70)))
    page.locator('#look-upload img').wait_for()
    page.locator('#look-go').click()
    with page.expect_download() as waiting:
        page.get_by_role('button', name='All of it').click()
    with zipfile.ZipFile(waiting.value.path()) as files:
        about = json.loads(files.read('about.json'))
        views = [name for name in files.namelist() if name.endswith('.png')]
    generating, boxes, regions = about.values()
    assert len(views) == 6 and len(generating['features']) == 16
    assert len(generating['nearest']) == 8 and 'objects' in boxes
    assert sum(regions['shares'].values()) == pytest.approx(1)
    shown(page, 'neighbours', 8)


def test_a_bad_file_is_said_in_the_page_which_goes_on(visit):
    page = visit()
    page.get_by_role('tab', name='Look').click()
    for name, content, message in (
        ('notes.png', b'no picture', 'notes.png cannot be read'),
        ('cut.png', png((60, 60))[:900], 'cut.png cannot be read'),
        ('large.png', png((400, 400)), 'takes 0.1 million at most'),
        ('heavy.png', b'0' * (3 * 2**20), 'Maximum allowed size'),
    ):
        upload(page, 'look', name, content)
        page.get_by_text(message).first.wait_for()
        page.locator('#look-upload img').wait_for(state='detached')
    upload(page, 'look', 'sound.png', png((40, 40)))
    page.locator('#look-upload img').wait_for()


def test_two_users_at_once_get_each_their_own(visit, model, gate):
    pages = [visit(), visit()]
    for seed, page in enumerate(pages):
        page.get_by_text('Seed, steps and temperature').click()
        set_value(page, 'Seed', seed)
        generate(page)
    let_begin(pages[0], gate, 4)
    pages[1].get_by_text('others may be before you').wait_for()
    gate.open()
    for seed, page in enumerate(pages):
        finish(page)
        pictures, about = archive(page, 'All pictures')
        assert about['seed'] == seed
        assert (pictures == to_uint8(model.generate(len(pictures), seed=seed))).all()


def begin_long(page, gate):
    """Begin a generation of 16 steps, of which a few are done."""
    page.get_by_text('Seed, steps and temperature').click()
    set_value(page, 'Steps', 16)
    generate(page)
    let_begin(page, gate, 16)


def let_begin(page, gate, steps):
    """Let steps pass until the page shows one: where two come at once, it may show none of them."""
    step = page.get_by_text(re.compile(rf'Step \d+ of {steps}:'))
    for _ in range(steps // 2):
        gate.let_pass(1)
        try:
            return step.wait_for(timeout=5000)
        except PlaywrightTimeout:
            continue
    step.wait_for()


def test_a_closed_tab_ends_its_generation_and_nothing_else(visit, site, gate):
    page = visit()
    begin_long(page, gate)
    page.context.close()
    end_of_work(site, gate)
    assert 1 <= gate.passed < 16
    gate.open()
    other = visit()
    generate(other)
    finish(other)


def test_stop_ends_a_generation(visit, site, gate):
    page = visit()
    begin_long(page, gate)
    page.get_by_role('button', name='Stop').first.click()
    page.get_by_text('Stopped.').wait_for()
    end_of_work(site, gate)
    assert 1 <= gate.passed < 16


def test_the_server_has_called_nobody(visit, called):
    """What pages request is looked at when they are closed: see ``visit``."""
    visit()
    hosts = {place[0] for place in called if isinstance(place, tuple)}
    assert hosts <= {'127.0.0.1', '::1', 'localhost'}
