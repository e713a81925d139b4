"""All changes to the hosts are there after ``import mmaddp`` alone, in any order of imports."""

import pytest
from test_structure import ROOT

from mmaddp.compat import CHANGES

IN_PLACE = """
import importlib
from mmengine.config.utils import MODULE2PACKAGE
from mmengine.config import Config
from mmengine.fileio.backends.registry_utils import backends
from mmengine.registry import WEIGHT_INITIALIZERS
from mmengine.runner import CheckpointLoader
import mmengine.model
import mmcv
loaders = {loader.__module__ for loader in CheckpointLoader._schemes.values()}
print(
    MODULE2PACKAGE['mmaddp'].startswith('mmaddp'),
    Config._get_cfg_path.__module__,
    backends['local'].__module__,
    *loaders,
    WEIGHT_INITIALIZERS.get('Pretrained').__module__,
    type(importlib.import_module('mmcv._ext')).__name__,
)
"""
EXPECTED = [
    'True',
    'mmaddp.compat.config_scope',
    'mmaddp.compat.local_files',
    'mmaddp.compat.checkpoint_loaders',
    'mmaddp.compat.host_pretrained',
    'StandInOps',
]
ORDERS = {
    'mmaddp first': 'import mmaddp',
    'a host first': 'import mmengine.config, mmengine.runner, mmengine.model\nimport mmaddp',
    'a part of mmaddp first': 'import mmaddp.utils.atomic',
    'mmaddp twice': 'import mmaddp\nimport mmaddp.engine',
}


@pytest.mark.slow
@pytest.mark.parametrize('order', ORDERS.values(), ids=ORDERS)
def test_all_changes_are_in_place(run_python, order):
    # A host may print of its own what it cannot import.
    assert run_python(order + IN_PLACE).split()[-len(EXPECTED) :] == EXPECTED


def test_importing_mmaddp_imports_no_host(run_python):
    code = (
        'import sys, mmaddp\n'
        "hosts = ('torch', 'mmengine', 'mmcv', 'mmpretrain', 'mmdet', 'mmseg')\n"
        'print([name for name in hosts if name in sys.modules])'
    )
    assert run_python(code) == '[]'


def test_the_page_lists_every_change():
    page = ' '.join((ROOT / 'docs' / 'hosts.md').read_text().split())
    for change in CHANGES:
        row = f'| `{change.host}` | {change.what} | {change.why} |'
        assert ' '.join(row.split()) in page, f'docs/hosts.md has no row {row}'
