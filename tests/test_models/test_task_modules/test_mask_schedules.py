import math

import pytest

from mmaddp.models.task_modules import get_schedule, num_masked_after


def lengths(name, num_steps, num_tokens=256):
    schedule = get_schedule(name)
    return [num_masked_after(step, num_steps, num_tokens, schedule) for step in range(num_steps)]


def test_cosine_20():
    expected = [256, 253, 249, 244, 237, 229, 219, 208, 195, 182]
    expected += [167, 151, 134, 117, 98, 80, 60, 41, 21, 1]
    assert lengths('cosine', 20) == expected


def test_linear_256():
    assert lengths('linear', 256) == [*range(255, 0, -1), 1]


def test_float64_rounds_up_to_129():
    assert lengths('cosine', 6) == [248, 222, 182, 129, 67, 1]
    assert lengths('linear', 6) == [214, 171, 128, 86, 43, 1]


def test_unknown_schedule():
    with pytest.raises(ValueError, match=r"Unknown mask schedule 'cosin'.*'cosine', 'linear'"):
        get_schedule('cosin')


def test_square():
    assert lengths('square', 4) == [240, 192, 112, 1]


def test_mask_ratio_below_one():
    """ceil(256 x ratio x mask_ratio), at most floor(256 x mask_ratio)."""
    schedule = get_schedule('cosine')
    found = [num_masked_after(step, 4, 256, schedule, mask_ratio=0.7) for step in range(4)]
    assert found == [math.ceil(256 * math.cos(math.pi / 2 * 0.25) * 0.7), 127, 69, 1]
    assert num_masked_after(0, 256, 256, schedule, mask_ratio=0.7) == 179


def fast(progress):
    return (1 - progress) ** 3


def test_any_function(monkeypatch):
    name = f'{__name__}:fast'
    assert get_schedule(name)(0.5) == get_schedule(fast)(0.5) == 0.125


@pytest.mark.parametrize(
    'schedule, message',
    [
        ('no_such_module:f', 'cannot be imported'),
        ('math:no_such_function', 'cannot be imported'),
        ('math:exp', r'gives 1\.0100.* at progress 0\.01'),
        (lambda progress: math.nan, 'gives nan'),
    ],
)
def test_functions_that_are_no_schedule(schedule, message):
    with pytest.raises(ValueError, match=message):
        get_schedule(schedule)
