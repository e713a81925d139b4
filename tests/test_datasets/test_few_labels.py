from collections import Counter

import pytest

from mmaddp.datasets.preparation.few_labels import choose_few


@pytest.fixture
def listed(tmp_path):
    file = tmp_path / 'train.txt'
    file.write_text(''.join(f'{n % 3}/my picture {n}.png {n % 3}\n' for n in range(30)))
    return file


def test_so_many_of_each_class_and_others_with_another_seed(listed, tmp_path):
    drawn = []
    for name, seed in (('a', 0), ('b', 0), ('c', 1)):
        choose_few(listed, tmp_path / 'new' / name, 4, seed)
        drawn.append((tmp_path / 'new' / name).read_text().splitlines())
    assert drawn[0] == drawn[1] != drawn[2]
    for lines in drawn:
        assert set(lines) <= set(listed.read_text().splitlines()) and len(set(lines)) == 12
        assert Counter(line.rpartition(' ')[2] for line in lines) == {'0': 4, '1': 4, '2': 4}


def test_too_few(listed, tmp_path):
    with pytest.raises(ValueError, match=r'train\.txt has 10 lines of class 0, fewer than 11'):
        choose_few(listed, tmp_path / 'few.txt', 11, 0)
    assert not (tmp_path / 'few.txt').exists()
