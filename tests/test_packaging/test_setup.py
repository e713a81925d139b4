"""What the wheel carries, and the requirement files."""

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
REQUIREMENTS = REPOSITORY / 'requirements'
CARRIED = ('configs', 'tools', 'model-index.yml')


def names_in(file):
    lines = (line.split('#')[0].strip() for line in file.read_text().splitlines())
    # Another file that is named is looked at by itself.
    return [re.match(r'[\w.-]+', line).group() for line in lines if line and line[0] != '-']


def test_package_carries_configs_and_tools(packed):
    carried = packed / 'mmaddp' / '.mim'
    assert sorted(path.name for path in carried.iterdir()) == sorted(CARRIED)
    assert (carried / 'configs' / '_base_' / 'default_runtime.py').is_file()
    for name in ('train.py', 'dist_train.sh', 'launch.sh', 'dataset_converters/prepare_digits.py'):
        assert (carried / 'tools' / name).is_file()
    assert (carried / 'configs' / 'quickstart').is_dir()
    assert not any(path.is_symlink() for path in carried.rglob('*'))
    assert not list(carried.rglob('*.pyc'))


def test_package_leaves_out_what_makes_sense_in_a_clone_only(packed):
    tools = packed / 'mmaddp' / '.mim' / 'tools'
    scripts = {path.name for path in tools.rglob('*.sh')}
    assert scripts == {
        *('dist_test.sh', 'dist_train.sh', 'launch.sh', 'slurm_test.sh', 'slurm_train.sh')
    }
    assert not (tools / 'quickstart').exists() and not (tools / 'setup').exists()


def test_building_does_not_touch_the_source(source, wheel):
    assert wheel.is_file() and not (source / 'mmaddp' / '.mim').exists()


def test_every_module_is_packed_and_nothing_else(source, packed):
    assert {path.name.split('-')[0] for path in packed.iterdir()} == {'mmaddp'}
    for path in (source / 'mmaddp').rglob('*.py'):
        assert (packed / path.relative_to(source)).is_file()


def test_working_copy_links_where_it_is_installed():
    folder = REPOSITORY / 'mmaddp' / '.mim'
    if not folder.is_dir() or not (folder / 'configs').is_symlink():
        pytest.skip('this is no editable installation')
    for name in CARRIED:
        assert (folder / name).resolve() == REPOSITORY / name


@pytest.mark.parametrize('family', ['onedl', 'openmmlab'])
def test_requirements_are_pinned_in_the_constraints(family):
    pinned = {
        line.split('==')[0]: line
        for line in (REQUIREMENTS / f'constraints-{family}.txt').read_text().splitlines()
        if not line.startswith('#')
    }
    assert all('==' in line for line in pinned.values())
    for name in (
        family,
        'runtime',
        'tests',
        'docs',
        'optional',
        'export',
        'channels',
        'web',
        'trackio',
    ):
        for required in names_in(REQUIREMENTS / f'{name}.txt'):
            if required != 'tomli':  # not needed on the Python that the constraints are from
                assert required.lower().replace('_', '-') in pinned, required


def test_families_do_not_mix():
    upstream = names_in(REQUIREMENTS / 'constraints-openmmlab.txt')
    forks = names_in(REQUIREMENTS / 'constraints-onedl.txt')
    assert not [name for name in upstream if name.startswith('onedl')]
    assert not {'mmengine', 'mmcv', 'mmcv-lite', 'mmdet', 'mmpretrain'} & set(forks)


def test_linters_of_pre_commit_are_those_of_the_tests():
    text = (REPOSITORY / '.pre-commit-config.yaml').read_text()
    for line in (REQUIREMENTS / 'tests.txt').read_text().splitlines():
        name, _, version = line.partition(';')[0].partition('==')
        if version:
            assert re.search(rf'{name}\S*\n    rev: v{re.escape(version)}\n', text), name
