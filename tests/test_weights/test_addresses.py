"""Checkpoints by address: what is downloaded is whole, kept apart, and read as data."""

import hashlib
import io
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch
from mmengine.runner import CheckpointLoader

from mmaddp.weights import addresses
from mmaddp.weights.addresses import cache_file, load_from_address, local_path


def saved(**content) -> bytes:
    file = io.BytesIO()
    torch.save(content, file)
    return file.getvalue()


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A server on this machine; ``server[path]`` is what it answers, and ``server.asked`` what."""

    class Files(dict):
        asked: tuple = ()

    files = Files()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            files.asked += (self.path,)
            content, announced = files[self.path]
            self.send_response(200)
            self.send_header('Content-Length', str(announced))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(('127.0.0.1', 0), Handler) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        files.url = f'http://127.0.0.1:{listening.server_port}'
        monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path / 'hub'))
        yield files
        listening.shutdown()


def serve(server, path, content, announced=None):
    server[path] = content, len(content) if announced is None else announced
    return server.url + path


def test_a_file_is_downloaded_once(server):
    url = serve(server, '/a/net.pth', saved(a=torch.ones(2)))
    for _ in range(2):
        assert load_from_address(url)['a'].tolist() == [1, 1]
    assert server.asked == ('/a/net.pth',)


def test_addresses_that_end_alike_have_a_file_each(server):
    one = serve(server, '/a/net.pth', saved(a=torch.ones(1)))
    two = serve(server, '/b/net.pth', saved(a=torch.zeros(1)))
    three = serve(server, '/b/net.pth?version=2', saved(a=torch.full((1,), 2.0)))
    assert [load_from_address(url)['a'].item() for url in (one, two, three)] == [1, 0, 2]


def test_a_download_that_is_cut_off_leaves_nothing(server):
    content = saved(a=torch.ones(1000))
    url = serve(server, '/net.pth', content[:300], announced=len(content))
    with pytest.raises(ValueError, match=f'cut off: 300 of {len(content)} bytes'):
        load_from_address(url)
    assert not list(cache_file(url).parent.iterdir())
    serve(server, '/net.pth', content)
    assert len(load_from_address(url)['a']) == 1000


def test_a_name_with_a_hash_is_held_against_the_file(server):
    content = saved(a=torch.ones(1))
    good = f'/net-{hashlib.sha256(content).hexdigest()[:8]}.pth'
    assert load_from_address(serve(server, good, content))['a'].item() == 1
    url = serve(server, '/net-0123abcd.pth', content)
    with pytest.raises(ValueError, match='another file than its name says'):
        load_from_address(url)
    assert not cache_file(url).exists()


def test_what_is_downloaded_is_data(server):
    url = serve(server, '/net.pth', saved(a=torch.ones(1), extra=Path('x')))
    with pytest.raises(ValueError, match='is refused'):
        CheckpointLoader.load_checkpoint(url)


@pytest.mark.parametrize(
    'address', ['torchvision://vgg16', 'open-mmlab://resnet50_caffe', 'mmcls://vgg16']
)
def test_names_of_model_zoos_are_read_weights_only(tmp_path, monkeypatch, address):
    (tmp_path / 'net.pth').write_bytes(saved(state_dict=dict(a=torch.ones(1)), extra=Path('x')))
    monkeypatch.setattr(addresses, '_download', lambda url: tmp_path / 'net.pth')
    with pytest.raises(ValueError, match='is refused'):
        CheckpointLoader.load_checkpoint(address)


def test_a_name_that_no_zoo_knows():
    with pytest.raises(ValueError, match='is not a known checkpoint address'):
        local_path('torchvision://nothing')


@pytest.mark.parametrize('address', ['s3://a/b.pth', 'x:petrel://b.pth', 'pavi://b.pth'])
def test_stores_that_cannot_be_read_safely_are_refused(address):
    with pytest.raises(ValueError, match='cannot be read safely: copy it'):
        CheckpointLoader.load_checkpoint(address)
