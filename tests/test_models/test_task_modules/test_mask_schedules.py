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
