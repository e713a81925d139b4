"""A page with toy models, served in this process, and the browser of the system."""

import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from PIL import Image
from toy_detector import save_detector, write_detection_config
from toy_scenes import make_scenes, save_segmentor, write_segmentation_config

from mmaddp.registry import MODELS

(ADDP,) = (Path(__file__).parents[2] / 'configs' / 'toy').glob('addp-*_digits-32px.py')
BROWSERS = ('chromium', 'chromium-browser', 'google-chrome')
FLAGS = ['--no-sandbox', '--disable-gpu']  # the sandbox refuses to be started by root
# Milliseconds: what takes longer is an error, also on a machine with much else to do.
PATIENCE = 20_000


def picture_files(folder: Path, number: int) -> list[Path]:
    """Write pictures of noise."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    files = [folder / f'{index}.png' for index in range(number)]
    for file in files:
        Image.fromarray(rng.integers(0, 256, (40, 40, 3), np.uint8)).save(file)
    return files


@pytest.fixture(scope='session')
def models(tmp_path_factory) -> Path:
    """Folders of untrained models, as commands leave them: ``my_model``, ``boxes``, ``regions``."""
    folder = tmp_path_factory.mktemp('models')
    stage = folder / 'my_model' / 'addp'
    stage.mkdir(parents=True)
    cfg = Config.fromfile(ADDP)
    cfg.dump(stage / ADDP.name)
    torch.manual_seed(0)
    model = MODELS.build(dict(cfg.model, _scope_='mmaddp'))
    model.init_weights()
    torch.save(dict(state_dict=model.state_dict()), stage / 'epoch_1.pth')
    (stage / 'last_checkpoint').write_text(str(stage / 'epoch_1.pth'))
    picture_files(folder / 'my_model' / 'data' / 'train' / 'noise', 12)
    scenes = folder / 'digits'
    make_scenes(scenes)
    for name, write, save in (
        ('boxes', write_detection_config, save_detector),
        ('regions', write_segmentation_config, save_segmentor),
    ):
        (folder / name).mkdir()
        save(write(folder / name, scenes), folder / name / 'best_toy.pth')
    return folder


@contextmanager
def served(site) -> Iterator[str]:
    """Serve a page from a thread; yield its address."""
    from mmaddp.web.server import server_of
    from mmaddp.web.start import listen

    with listen('127.0.0.1', 0) as listening, server_of(site, '127.0.0.1') as server:
        thread = threading.Thread(target=server.run, kwargs=dict(sockets=[listening]))
        thread.start()
        try:
            yield f'http://127.0.0.1:{listening.getsockname()[1]}/'
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope='module')
def site(models):
    """What users of the toy page share."""
    pytest.importorskip('gradio')
    from mmaddp.web.limits import Limits
    from mmaddp.web.menu import named
    from mmaddp.web.site import Site

    names = [str(models / name) for name in ('my_model', 'boxes', 'regions')]
    return Site(named(names), Limits(pictures=8, megapixels=0.1, megabytes=2))


@pytest.fixture(scope='module')
def address(site):
    """Address of the toy page."""
    with served(site) as found:
        yield found


@pytest.fixture(scope='module')
def chromium():
    """A headless Chromium."""
    playwright = pytest.importorskip('playwright.sync_api')
    file = next(filter(None, map(shutil.which, BROWSERS)), None)
    if file is None:
        pytest.skip('there is no Chromium (on Debian: apt-get install chromium)')
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=file, args=FLAGS, timeout=PATIENCE)
        yield browser
        browser.close()


@pytest.fixture(scope='module')
def called():
    """Addresses that this process connects to."""
    found = []
    connect = socket.socket.connect

    def noted(self, place):
        found.append(place)
        return connect(self, place)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, 'connect', noted)
        yield found


@pytest.fixture
def visit(chromium, called, address):
    """Open the page as a new user; at the end, nothing was requested from elsewhere."""
    contexts, requested = [], []

    def open_page():
        context = chromium.new_context(accept_downloads=True)
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        page.on('request', lambda request: requested.append(request.url))
        page.goto(address)
        page.get_by_text('million parameters').wait_for()
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert len(requested) > 10
    own = (address, 'data:', f'blob:{address}')
    assert [url for url in requested if not url.startswith(own)] == []
