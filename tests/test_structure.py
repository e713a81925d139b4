"""Which room imports which: a room imports rooms below it only."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / 'mmaddp'
# From the roof to the ground.
FLOORS = (
    '__main__',
    'cli',
    'web',
    'own',
    'apis',
    'export',
    'run',
    'evaluation',
    'engine',
    'visualization',
    'models',
    'datasets',
    'compat',
    'weights',
    'structures',
    'utils',
    'registry',
    'version',
)
MODULES = sorted(PACKAGE.rglob('*.py'), key=str)
# What only compat/ may touch: the hosts' tables of loaders and back ends, and their own registries.
HOST_TABLES = ('CheckpointLoader', 'register_backend', 'MODULE2PACKAGE', 'meta_path')


def imported_names(file: Path) -> Iterator[str]:
    """Whole names of what a file imports, inside functions too."""
    package = '.'.join(file.relative_to(ROOT).parent.parts)
    for node in ast.walk(ast.parse(file.read_text(encoding='utf-8'))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ''
            if node.level:
                parents = package.split('.')[: len(package.split('.')) - node.level + 1]
                base = '.'.join([*parents, *filter(None, [node.module])])
            yield from (f'{base}.{alias.name}' for alias in node.names)


def room(name: str) -> str:
    return name.split('.')[1] if name.startswith('mmaddp.') else ''


def test_every_room_has_a_floor():
    rooms = {path.relative_to(PACKAGE).parts[0].removesuffix('.py') for path in MODULES}
    assert rooms - {'__init__'} == set(FLOORS)


@pytest.mark.parametrize('file', MODULES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_a_room_imports_rooms_below_it_only(file):
    own = file.relative_to(PACKAGE).parts[0].removesuffix('.py')
    if own == '__init__':
        return
    above = set(FLOORS[: FLOORS.index(own)])
    wrong = [name for name in imported_names(file) if room(name) in above]
    assert not wrong, f'{file.name} imports {wrong}'


def test_hosts_are_changed_in_one_room():
    for file in [*MODULES, *(ROOT / 'tools').rglob('*.py')]:
        if file.parent.name == 'compat':
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding='utf-8'))):
            name = getattr(node, 'id', getattr(node, 'attr', getattr(node, 'name', '')))
            assert name not in HOST_TABLES, f'{file} touches {name}'
            forced = isinstance(node, ast.keyword) and node.arg == 'force'
            assert not forced, f'{file} registers something over what is there'


def test_no_attribute_of_a_host_is_set_outside_compat():
    """An assignment to ``Class.attribute`` or ``module.attribute`` of an imported host name."""
    for file in [*MODULES, *(ROOT / 'tools').rglob('*.py')]:
        if file.parent.name == 'compat':
            continue
        tree = ast.parse(file.read_text(encoding='utf-8'))
        hosts = {
            (alias.asname or alias.name).split('.')[0]
            for node in ast.walk(tree)
            if isinstance(node, (ast.Import, ast.ImportFrom))
            for alias in node.names
            if (getattr(node, 'module', None) or alias.name).split('.')[0].startswith('mm')
            and not (getattr(node, 'module', None) or alias.name).startswith('mmaddp')
        }
        for node in ast.walk(tree):
            targets = node.targets if isinstance(node, ast.Assign) else ()
            for target in targets:
                if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
                    assert target.value.id not in hosts, f'{file}: {ast.unparse(target)} is set'


def test_every_module_has_a_docstring():
    for file in [*MODULES, *(ROOT / 'tools').rglob('*.py')]:
        text = file.read_text(encoding='utf-8')
        assert not text.strip() or ast.get_docstring(ast.parse(text)), f'{file} has no docstring'


def test_files_of_tests_have_names_of_their_own():
    """Pytest imports them, and the folders beside them, by their names alone."""
    folder = ROOT / 'tests'
    named = [*folder.rglob('test_*.py'), *(path for path in folder.iterdir() if path.is_dir())]
    names = Counter(path.stem for path in named)
    assert [name for name, count in names.items() if count > 1] == []
