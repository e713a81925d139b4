"""Defaults in docstrings are those of the signatures, in the whole package and its tools."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted([*(ROOT / 'mmaddp').rglob('*.py'), *(ROOT / 'tools').rglob('*.py')], key=str)
FILES = [file for file in FILES if '.mim' not in file.parts]
Function = (ast.FunctionDef, ast.AsyncFunctionDef)
ENTRY = re.compile(r'^    (\w+)(?: \([^\n]*\))?:', re.MULTILINE)
VALUE = re.compile(r"[Dd]efaults to\s+(``[^`]*``|'[^']*'|\([^)]*\)|\[[^]]*\]|[-+\w.]*\w)")


def documented(file: Path) -> Iterator[tuple[str, str, ast.arguments]]:
    """Name, docstring and arguments of what is documented; a class has those of ``__init__``."""
    for node in ast.walk(ast.parse(file.read_text(encoding='utf-8'))):
        if isinstance(node, ast.ClassDef):
            inits = [n for n in node.body if isinstance(n, Function) and n.name == '__init__']
            functions = inits
        elif isinstance(node, Function):
            functions = [node]
        else:
            continue
        for function in functions:
            yield node.name, ast.get_docstring(node) or '', function.args


def defaults(arguments: ast.arguments) -> dict[str, ast.expr]:
    """Argument -> expression of its default."""
    positional = [*arguments.posonlyargs, *arguments.args]
    given = zip(positional[len(positional) - len(arguments.defaults) :], arguments.defaults)
    keywords = zip(arguments.kwonlyargs, arguments.kw_defaults)
    return {arg.arg: value for arg, value in [*given, *keywords] if value is not None}


def entries(docstring: str) -> dict[str, str]:
    """Argument -> its text in the section ``Args``."""
    section = re.search(r'^Args:\n((?:    .*\n?|\n)+)', docstring, re.MULTILINE)
    parts = ENTRY.split(section[1])[1:] if section else []
    return {name: ' '.join(text.split()) for name, text in zip(parts[::2], parts[1::2])}


def literal(text: str) -> object:
    """The value of a literal; the text itself where it is none."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def agree(said: str, real: object) -> bool:
    """Whether the words behind "Defaults to" mean a value. What None stands for is free to say."""
    if real is None:
        return not isinstance(literal(said.strip('`')), (bool, float))
    if real == ():
        return said == 'none'
    return literal(said.strip('`')) == real


def problems(file: Path) -> Iterator[str]:
    """What a docstring says otherwise than the signature, or leaves out."""
    for name, docstring, arguments in documented(file):
        texts = entries(docstring)
        for argument, expression in defaults(arguments).items():
            text, real = texts.get(argument, ''), literal(ast.unparse(expression))
            is_literal = isinstance(real, (bool, int, float, tuple)) or real is None
            is_literal |= isinstance(expression, ast.Constant)
            said = VALUE.search(text)
            # "See another_function", and "optional" in place of a default None.
            if not is_literal or (said is None and (not text or 'See :' in text or real is None)):
                continue
            if said is None or not agree(said[1], real):
                yield f'{name}({argument}={ast.unparse(expression)}): the docstring says {text!r}'


@pytest.mark.parametrize('file', FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_defaults_are_those_that_the_docstring_says(file):
    assert list(problems(file)) == []


@pytest.mark.parametrize(
    'signature, text',
    [
        ('weight: float = 0.5', 'Weight. Defaults to 1.'),
        ('weight: float = 0.5', 'Weight.'),
        ('on: bool = True', 'Whether. Defaults to False.'),
        ('on: Optional[bool] = None', 'Whether. Defaults to False.'),
        ("mode: str = 'b'", "Mode. Defaults to 'a'."),
        ('names: tuple = (1,)', 'Names. Defaults to none.'),
        ('size: tuple = (1, 2)', 'Size. Defaults to (2, 1).'),
    ],
)
def test_another_default_is_found(tmp_path, signature, text):
    name = signature.partition(':')[0]
    file = tmp_path / 'part.py'
    file.write_text(
        f'class Part:\n    """Part.\n\n    Args:\n        {name} (type): {text}\n    """\n\n'
        f'    def __init__(self, {signature}):\n        pass\n'
    )
    assert len(list(problems(file))) == 1
