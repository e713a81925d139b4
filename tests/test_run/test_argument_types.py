import argparse
from pathlib import Path

import pytest

from mmaddp.run import argument_types as types


@pytest.mark.parametrize(
    'kind, text, message',
    [
        (types.seed, '-1', 'from 0 to 4294967295'),
        (types.seed, str(2**64), 'from 0 to 4294967295'),
        (types.seed, '1.5', 'whole number'),
        (types.positive, '0', 'at least 1'),
        (types.not_negative, '-1', 'at least 0'),
        (types.num_images, '1000000000', 'from 1 to 10000000'),
        (types.share, '2', 'from 0 to 1'),
        (types.share, '-0.1', 'from 0 to 1'),
        (types.share, 'nan', 'finite'),
        (types.share, 'x', 'a number'),
        (types.image_numbers, '5-3', 'write 3-5'),
        (types.image_numbers, '0-', 'as in 7 or 100-163'),
        (types.image_numbers, '-3', 'as in 7 or 100-163'),
        (types.image_numbers, '', 'as in 7 or 100-163'),
        (types.image_numbers, '1-2-3', 'as in 7 or 100-163'),
        (types.image_numbers, '0-1000000000', 'below 10000000'),
    ],
)
def test_values_out_of_range(kind, text, message):
    with pytest.raises(argparse.ArgumentTypeError, match=message):
        kind(text)


def test_values_in_range():
    assert types.seed(str(2**32 - 1)) == 2**32 - 1 and types.seed('0') == 0
    assert types.share('0') == 0 and types.share('1') == 1
    assert types.image_numbers('7') == range(7, 8)
    assert types.image_numbers('3-5') == range(3, 6)
    assert types.image_numbers('4-4') == range(4, 5)


def test_home_is_understood(monkeypatch):
    monkeypatch.setenv('HOME', '/home/me')
    assert types.path('~/a b') == Path('/home/me/a b')
    assert types.address('~/a.pth') == '/home/me/a.pth'
    assert types.address('mmaddp://addp-vit-base') == 'mmaddp://addp-vit-base'
