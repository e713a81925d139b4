"""Python on the pages compiles, its names are defined, and what it imports or names is there."""

import ast
import builtins
import importlib
import re

import pytest
from mmengine.registry import Registry
from named_things import FENCE, PAGES, ROOT

import mmaddp.models.roi_heads  # noqa: F401, which others import with mmdetection only
from mmaddp import registry

EXAMPLES = [*PAGES, ROOT / 'examples' / 'README.md']
# What the reader puts in: capitals, and what stands in the text before as a name of his own.
GIVEN = re.compile(r'[A-Z]+|config|checkpoint')
REGISTRIES = [value for value in vars(registry).values() if isinstance(value, Registry)]


def python_in(text):
    """Blocks of Python, in order; a block of a configuration knows ``_base_``."""
    return re.findall(r'```(?:python|py)\n(.*?)```', text, re.DOTALL)


def defined_in(tree):
    """Names that a block gives a value: at any depth, which is enough for short ones."""
    names = {'_base_'}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            names.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {(alias.asname or alias.name).split('.')[0] for alias in node.names}
    return names


def unknown_names(blocks):
    """Names that are used on a page and defined nowhere before."""
    known, unknown = set(dir(builtins)), []
    for block in blocks:
        tree = ast.parse(block)
        known |= defined_in(tree)
        used = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)]
        unknown += [name for name in used if name not in known and not GIVEN.fullmatch(name)]
    return unknown


def wrong_imports(block):
    """What is imported and not there, in our packages and in others."""
    wrong = []
    for node in ast.walk(ast.parse(block)):
        if isinstance(node, ast.Import):
            wrong += [alias.name for alias in node.names if not resolves(alias.name)]
        elif isinstance(node, ast.ImportFrom):
            names = [f'{node.module}.{alias.name}' for alias in node.names]
            wrong += [name for name in names if not resolves(name)]
    return wrong


def resolves(dotted):
    """Whether there is such a module, or such a thing in a module."""
    words = dotted.split('.')
    for count in range(len(words), 0, -1):
        try:
            found = importlib.import_module('.'.join(words[:count]))
        except ImportError:
            continue
        try:
            for name in words[count:]:
                found = getattr(found, name)
        except AttributeError:
            return False
        return True
    return False


def is_registered(name):
    return any(each.get(name) is not None for each in REGISTRIES)


def wrong_names(text):
    """Names in the prose, ``mmaddp.NAME``, and types in configurations, that are not there."""
    prose = re.findall(r'`(mmaddp(?:\.\w+)+)[^`]*`', FENCE.sub('', text))
    types = re.findall(r"type='(mmaddp\.\w+)'", text)
    return [
        name
        for name in dict.fromkeys([*prose, *types])
        if not resolves(name) and not is_registered(name.removeprefix('mmaddp.'))
    ]


every_page = pytest.mark.parametrize('page', EXAMPLES, ids=lambda page: page.name)


@every_page
def test_blocks(page):
    blocks = python_in(page.read_text())
    assert not unknown_names(blocks)
    assert not [name for block in blocks for name in wrong_imports(block)]


@every_page
def test_names(page):
    assert not wrong_names(page.read_text())


def test_what_is_wrong_is_found():
    assert unknown_names(['a = 1\nprint(a, CONFIG)', 'a, b']) == ['b']
    with pytest.raises(SyntaxError):
        unknown_names(['print(1'])
    assert wrong_imports('from mmaddp.apis import load, load_all\nimport mmaddp.nothing') == [
        *('mmaddp.apis.load_all', 'mmaddp.nothing')
    ]
    text = "`mmaddp.load('a')`, `mmaddp.apis.load_all`, `mmaddp.ADDP`, `dict(type='mmaddp.ADPD')`"
    assert wrong_names(text) == ['mmaddp.apis.load_all', 'mmaddp.ADPD']
