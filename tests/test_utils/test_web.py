"""Files from the web, given by a server in this process."""

import io
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from PIL import Image

from mmaddp.apis.inputs import drawing_files, list_inputs
from mmaddp.utils.web import fetch_bytes, is_url

PIXELS = np.random.default_rng(0).integers(0, 256, (8, 12, 3), np.uint8)


def png():
    stream = io.BytesIO()
    Image.fromarray(PIXELS).save(stream, 'PNG')
    return stream.getvalue()


class Answers(BaseHTTPRequestHandler):
    """A picture, a text, nothing, and half of what is announced."""

    def do_GET(self):
        known = {'/a/photo.png': png(), '/text': b'no picture', '/half': png()[:60]}
        content = known.get(self.path)
        if content is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header('Content-Length', str(10**6 if self.path == '/half' else len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv('no_proxy', '127.0.0.1')
    with ThreadingHTTPServer(('127.0.0.1', 0), Answers) as found:
        thread = threading.Thread(target=found.serve_forever)
        thread.start()
        yield f'http://127.0.0.1:{found.server_port}'
        found.shutdown()
        thread.join()


def test_pictures_by_their_addresses(server, tmp_path):
    address = f'{server}/a/photo.png'
    images = list_inputs([address, PIXELS])
    assert np.array_equal(images[0].read(), PIXELS) and images[0].path is None
    names = [file.name for file in drawing_files([address, PIXELS], images, tmp_path)]
    assert names == ['photo.png', 'image_0001.png']


@pytest.mark.parametrize(
    'path, kind, message',
    [
        ('/absent', OSError, r'/absent cannot be read: .*404'),
        ('/text', ValueError, r'/text \(10 bytes\) is no picture'),
        ('/half', (OSError, ValueError), '/half '),
    ],
)
def test_what_is_no_picture(server, path, kind, message):
    (image,) = list_inputs(server + path)
    with pytest.raises(kind, match=message):
        image.read()


def test_limits(server):
    assert fetch_bytes(f'{server}/text', limit=10) == b'no picture'
    with pytest.raises(ValueError, match='larger than 9 bytes'):
        fetch_bytes(f'{server}/text', limit=9)
    with pytest.raises(OSError, match=r'cannot be read'):
        fetch_bytes('http://127.0.0.1:1/photo.png', timeout=5)
    for text in ('file:///etc/hosts', 'ftp://host/file', 'photo.png', 3):
        assert not is_url(text)
        with pytest.raises(ValueError, match='http or https'):
            fetch_bytes(text)
