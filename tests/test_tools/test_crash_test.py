"""The crash test, in short: one kill for each kind of training, in every form."""

import re

import pytest
from test_tools.conftest import ROOT

pytestmark = pytest.mark.slow

TOOL = ROOT / 'tools' / 'analysis_tools' / 'crash_test.py'


def test_killed_trainings_end_bit_equal(call):
    done = call('python', TOOL, '--kills', '6')
    assert done.returncode == 0, done.stdout
    assert done.stdout.count('bit-equal') == 6 + 1
    kills = re.findall('killed: (.*)', done.stdout)
    assert len(kills) == 6 and any(kill.startswith('checkpoint') for kill in kills)


def test_a_training_that_fails_is_told_in_short(call):
    done = call('python', TOOL, 'mmaddp::toy/mage-w16_1xb8-3e_digits-32px.py', '--kills', '1')
    assert done.returncode == 1
    assert 'work_dirs/toy/digits' in done.stdout and 'Traceback' not in done.stdout
