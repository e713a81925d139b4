"""The switches of cost on the command line of tools/train.py."""

import runpy
import sys

import pytest
from test_tools.conftest import ROOT


@pytest.mark.parametrize(
    'given, amp, ema, with_cp',
    [
        ([], None, None, False),
        (['--amp'], 'on', None, False),
        (['--amp', '--ema'], 'on', 0.0002, False),
        (['--amp', 'bf16', '--with-cp'], 'bf16', None, True),
        (['--ema', '0.01', '--amp', 'fp16'], 'fp16', 0.01, False),
    ],
)
def test_flags(monkeypatch, given, amp, ema, with_cp):
    monkeypatch.setattr(sys, 'argv', ['train.py', 'config.py', *given])
    args = runpy.run_path(str(ROOT / 'tools' / 'train.py'))['parse_args']()
    assert (args.amp, args.ema, args.with_cp) == (amp, ema, with_cp)


@pytest.mark.parametrize('given', [['--amp', 'fp8'], ['--ema', '0'], ['--ema', 'x']])
def test_what_is_none_is_refused(monkeypatch, capsys, given):
    monkeypatch.setattr(sys, 'argv', ['train.py', 'config.py', *given])
    parse_args = runpy.run_path(str(ROOT / 'tools' / 'train.py'))['parse_args']
    with pytest.raises(SystemExit):
        parse_args()
    assert capsys.readouterr().err.startswith(f'train: {given[0]} ')
