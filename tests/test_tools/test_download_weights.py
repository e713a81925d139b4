"""The download tool with the libraries' network calls replaced."""

import runpy
import sys
import types
from pathlib import Path

import huggingface_hub
import pytest
import torch
from test_tools.conftest import ROOT

TOOL = str(ROOT / 'tools' / 'download_weights.py')


@pytest.fixture
def tool(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        monkeypatch.setattr(sys, 'argv', ['download_weights.py', *arguments])
        runpy.run_path(TOOL, run_name='__main__')

    return run


@pytest.fixture
def network(monkeypatch):
    """What the libraries were asked for; each gives a small checkpoint."""
    calls = []

    def hub(repository, file, local_dir):
        calls.append((repository, file, str(local_dir)))
        torch.save(dict(model={}), Path(local_dir) / file)

    def drive(id, output, resume):
        calls.append((id, output, resume))
        torch.save(dict(model={}), output)

    def plain(url, output, digest):
        calls.append((url, output, digest))
        torch.save(dict(model={}), output)

    monkeypatch.setattr(huggingface_hub, 'hf_hub_download', hub)
    monkeypatch.setitem(sys.modules, 'gdown', types.SimpleNamespace(download=drive))
    monkeypatch.setattr(torch.hub, 'download_url_to_file', plain)
    return calls


def test_hub_and_drive(tool, network, capsys):
    tool('addp-vit-base', 'vqgan')
    assert network == [
        ('Changyao/ADDP', 'addp-vit-base-16.pth', 'checkpoints'),
        ('13S_unB87n6KKuuMdyMnyExW0G1kplTbP', 'checkpoints/vqgan_jax_strongaug.ckpt', True),
    ]
    assert capsys.readouterr().out.count('(not yet known)') == 2
    tool('vqgan')
    assert len(network) == 2 and 'exists' in capsys.readouterr().out


def test_known_hash_is_checked(tool, network, tmp_path, capsys):
    with pytest.raises(SystemExit):
        tool('vgg16', '--folder', 'w')
    assert network[0][2] == '397923af'
    assert 'expected 397923af' in capsys.readouterr().err
    assert not list((tmp_path / 'w').iterdir())


def test_refused_network_says_what_to_put_where_and_goes_on(tool, network, monkeypatch, capsys):
    def refuse(*_, **__):
        raise ConnectionError('403 Forbidden')

    monkeypatch.setattr(huggingface_hub, 'hf_hub_download', refuse)
    with pytest.raises(SystemExit) as error:
        tool('addp-vit-large', 'vqgan')
    assert error.value.code == 1
    message = capsys.readouterr().err
    assert '403 Forbidden' in message and 'put addp-vit-large-16.pth into checkpoints/' in message
    assert 'huggingface.co/Changyao/ADDP/resolve/main/addp-vit-large-16.pth' in message
    assert Path('checkpoints/vqgan_jax_strongaug.ckpt').is_file()


def test_web_page_instead_of_a_file_is_removed(tool, network, monkeypatch, capsys):
    def page(id, output, resume):
        Path(output).write_text('<html>quota exceeded</html>')

    monkeypatch.setitem(sys.modules, 'gdown', types.SimpleNamespace(download=page))
    with pytest.raises(SystemExit):
        tool('vqgan')
    assert 'web page' in capsys.readouterr().err
    assert not Path('checkpoints/vqgan_jax_strongaug.ckpt').exists()


def test_missing_library_is_named(tool, network, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, 'gdown', None)
    with pytest.raises(SystemExit):
        tool('mage-vit-base')
    assert 'pip install gdown' in capsys.readouterr().err


def test_list_and_unknown_names(tool, network, capsys):
    tool('--list')
    listed = capsys.readouterr().out
    assert 'FID 8.9' in listed and 'not here' in listed and not network
    with pytest.raises(SystemExit, match="no known weights 'x'"):
        tool('vqgan', 'x')
    assert not network
