"""An environment that takes torch from another one gets nothing else of it."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).resolve().parents[2] / 'tools' / 'setup' / 'share_torch.py'


@pytest.fixture(scope='module')
def share_torch():
    spec = importlib.util.spec_from_file_location('share_torch', SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_only_what_torch_needs(share_torch):
    names = share_torch.collect_distributions()
    assert {'torch', 'torchvision', 'typing-extensions', 'sympy'} <= names
    assert not {'numpy', 'pillow', 'setuptools', 'pip', 'opencv-python'} & names
    assert not [name for name in names if 'mm' in name or 'timm' in name]


@pytest.mark.skipif(sys.prefix == sys.base_prefix, reason='runs in no virtual environment')
def test_other_environment_finds_torch_and_no_host(tmp_path):
    import venv

    venv.create(tmp_path / 'other', with_pip=False)
    subprocess.run([sys.executable, SCRIPT, tmp_path / 'other'], check=True)
    code = (
        'from importlib.metadata import version\nfrom importlib.util import find_spec\n'
        "print(version('torch'), find_spec('torch').origin)\n"
        "print([name for name in ('mmengine', 'mmcv', 'numpy', 'pytest') if find_spec(name)])"
    )
    result = subprocess.run(
        [tmp_path / 'other' / 'bin' / 'python', '-E', '-c', code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    where, leaked = result.stdout.splitlines()
    assert str(tmp_path / 'other' / 'shared-torch' / 'site-packages') in where
    assert leaked == '[]'


def test_links_are_replaced_and_what_is_no_link_stays(share_torch, tmp_path):
    folder = tmp_path / 'shared-torch'
    for _ in range(2):
        share_torch.link_distributions({'packaging'}, folder)
        assert (folder / 'packaging').is_symlink()
    (folder / 'mine.txt').write_text('keep')
    with pytest.raises(FileExistsError, match=r'mine\.txt is not a link'):
        share_torch.link_distributions({'packaging'}, folder)
    assert (folder / 'mine.txt').read_text() == 'keep'


def test_no_environment_is_an_error(tmp_path):
    result = subprocess.run(
        [sys.executable, SCRIPT, tmp_path / 'nothing'], capture_output=True, text=True
    )
    assert result.returncode != 0
    assert 'is not an environment of python3' in result.stderr
