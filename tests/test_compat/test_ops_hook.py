"""When the stand-in takes the place of ``mmcv._ext``, and that nothing is loaded before."""

import sys

import pytest

from mmaddp.compat import ops_hook
from mmaddp.compat.ops_hook import ExtensionFinder

pytestmark = pytest.mark.slow


@pytest.fixture
def fake_mmcv(tmp_path):
    """A package called mmcv with an extension module of the test's choice."""
    package = tmp_path / 'site' / 'mmcv'
    package.mkdir(parents=True)
    (package / '__init__.py').write_text('')

    def write(extension=None):
        if extension is not None:
            (package / '_ext.py').write_text(extension)
        return package.parent

    return write


REPORT = """
import importlib, mmaddp
extension = importlib.import_module('mmcv._ext')
print(type(extension).__name__, getattr(extension, 'reason', ''), getattr(extension, 'mark', ''))
"""


def test_working_extension_is_used(fake_mmcv, run_python):
    site = fake_mmcv("mark = 'compiled'\ndef nms(): pass\n")
    assert run_python(REPORT, [site]).split() == ['module', 'compiled']


def test_failing_extension_counts_as_missing(fake_mmcv, run_python):
    site = fake_mmcv("raise ImportError('undefined symbol: _ZNK3c10')")
    output = run_python(REPORT.replace(", getattr(extension, 'mark', '')", ''), [site])
    assert output == 'StandInOps they do not load here: undefined symbol: _ZNK3c10'


def test_missing_extension(fake_mmcv, run_python):
    output = run_python(REPORT.replace(", getattr(extension, 'mark', '')", ''), [fake_mmcv()])
    assert output == 'StandInOps they are not installed'


def test_other_errors_of_an_extension_are_not_hidden(fake_mmcv, run_python):
    site = fake_mmcv("raise RuntimeError('broken')")
    code = REPORT.replace('extension = ', 'try:\n    ').split('print')[0]
    code += "except RuntimeError as error:\n    print('seen', error)\n"
    assert run_python(code, [site]) == 'seen broken'


def test_unloadable_shared_object_counts_as_missing(fake_mmcv, run_python):
    from importlib.machinery import EXTENSION_SUFFIXES

    site = fake_mmcv()
    (site / 'mmcv' / f'_ext{EXTENSION_SUFFIXES[0]}').write_bytes(b'no shared object')
    output = run_python(REPORT.replace(", getattr(extension, 'mark', '')", ''), [site])
    assert output.startswith('StandInOps they do not load here:')


def test_import_is_light(run_python):
    code = (
        'import sys, mmaddp\n'
        "names = ['cv2', 'mmcv', 'mmdet', 'mmseg', 'mmpretrain', 'torchvision']\n"
        "print('loaded:', [name for name in names if name in sys.modules])"
    )
    assert run_python(code) == 'loaded: []'


def test_hook_is_installed_once():
    ops_hook.install()
    assert sum(isinstance(finder, ExtensionFinder) for finder in sys.meta_path) == 1
    assert ExtensionFinder().find_spec('mmcv.image', []) is None


def test_hosts_import_after_mmaddp(run_python):
    code = "import mmaddp, mmpretrain.models, mmdet.models, mmseg.models\nprint('imported')"
    assert run_python(code).splitlines()[-1] == 'imported'
