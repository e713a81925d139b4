"""The crash test, in short: one kill for each kind of training, in every form."""

import re
import sys

import pytest
from test_tools.conftest import ROOT

pytestmark = pytest.mark.slow

TOOL = ROOT / 'tools' / 'analysis_tools' / 'crash_test.py'


def test_killed_trainings_end_bit_equal(call):
    done = call(sys.executable, '-W', 'ignore', TOOL, '--kills', '6')
    assert done.returncode == 0, done.stdout
    assert done.stdout.count('bit-equal') == 6 + 1
    kills = re.findall('killed: (.*)', done.stdout)
    assert len(kills) == 6 and any('half written' in kill for kill in kills)
    assert any(kill.startswith('validation') for kill in kills)
