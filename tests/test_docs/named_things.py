"""What pages and headers of configurations name: files, weights, options of tools, settings."""

import argparse
import importlib.util
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mmaddp.run.commands import COMMANDS

ROOT = Path(__file__).parents[2]
CONFIGS = ROOT / 'configs'
PAGES = [ROOT / 'README.md', ROOT / 'CONTRIBUTING.md', *sorted((ROOT / 'docs').glob('*.md'))]
HEADERS = sorted(CONFIGS.rglob('*.py'))

# What readers put in, or make with the page: CONFIG, $CONFIG, my_roads.py, epoch_*.pth.
PLACEHOLDER = re.compile(r'[A-Z]{3}|\.\.\.|\$|(^|[/:])(my|mine)[_.]')
# Folders of other projects that headers and pages name as sources, and of installed packages.
FOREIGN = ('configs/release/', 'configs/mae/', 'configs/common/', 'mmaddp/.mim')
# Tools that users call; the others are parts of the quickstart and of the set-up.
TOOLS = [
    *(
        path
        for folder in ('', 'analysis_tools', 'dataset_converters', 'model_converters')
        for path in sorted((ROOT / 'tools' / folder).glob('*.py'))
    ),
    ROOT / 'tools' / 'quickstart' / 'quickstart.py',
    *sorted((ROOT / 'tools').rglob('*.sh')),
]
FENCE = re.compile(r'^```.*?^```', re.MULTILINE | re.DOTALL)
TOOL = re.compile(r'(?<!\w)tools/[\w/]+\.(?:py|sh)')
# Of a configuration: it ends with the size of images, or is a pattern.
NAME = re.compile(r'(?<![\w/:*{},-])[\w{},*-]+_[\w{},*-]*(?:\d+px(?!\w)|\*(?=\.py))')


def text_of(path: Path) -> str:
    """A page, or the comments of a configuration; lines that are continued joined."""
    text = path.read_text()
    if path.suffix == '.py':
        comments = (line.lstrip() for line in text.splitlines() if line.lstrip().startswith('#'))
        text = '\n'.join(line.removeprefix('#').removeprefix(' ') for line in comments)
    return re.sub(r'\\\n\s*', ' ', text)


def spans(text: str) -> Iterator[str]:
    """Pieces of code: lines of blocks, and what stands in backticks."""
    prose = FENCE.sub('', text)
    lines = [line for block in FENCE.findall(text) for line in block.splitlines()]
    lines += [line for line in prose.splitlines() if re.match(r' {2,}\S', line)]
    yield from (line.strip() for line in lines)
    yield from (' '.join(code.split()) for code in re.findall(r'`([^`]+)`', prose))


def options_in(text: str) -> Iterator[tuple[str, str]]:
    """Options in the pieces of code, each with its tool; '' where none stands before it."""
    for span in map(with_tool, spans(text)):
        call = TOOL.search(span)
        if not call and not span.startswith('--'):
            continue  # another program's
        behind = span[call.end() :] if call else span
        behind = re.split(r' [|>#] | #', behind)[0]
        for option in re.findall(r'(?<![\w-])--[a-z][\w-]*', behind):
            yield (call[0] if call else ''), option


def with_tool(span: str) -> str:
    """A command line in which a sub-command of ``mmaddp`` is replaced by its tool."""
    for name, command in COMMANDS.items():
        span = re.sub(rf'^mmaddp {name}(?= |$)', f'tools/{command.tool}', span)
    return span


def settings_in(text: str) -> Iterator[tuple[str, str]]:
    """Names and values behind ``--cfg-options``."""
    for given in re.findall(r'--cfg-options((?: +(?:"[^"]+"|[\w.]+=[^\s`"]+))+)', text):
        for name, value in re.findall(r'([\w.]+)=([^\s`"]+)', given):
            yield name, value.rstrip('.,')


def expanded(name: str) -> list[str]:
    """Spell ``{a,b}`` out."""
    braces = re.search(r'\{([^{}]*)\}', name)
    if not braces:
        return [name]
    before, after = name[: braces.start()], name[braces.end() :]
    return [full for part in braces[1].split(',') for full in expanded(before + part + after)]


def files_in(text: str) -> Iterator[str]:
    """Patterns of files of this project, from its root."""
    rooms = r'(?<![\w/:.-])(?:configs|tools|docs|mmaddp|tests|requirements)/[\w./{},*-]+'
    for name in re.findall(rooms, text):
        if not PLACEHOLDER.search(name) and not name.startswith(FOREIGN):
            yield from expanded(name.rstrip('.,'))


def configs_in(text: str) -> Iterator[str]:
    """Patterns of configurations of this project, from ``configs/``, by address or by name."""
    for name in re.findall(r'mmaddp::([\w./-]+)', text):
        if not PLACEHOLDER.search(name):
            yield name
    for name in re.findall(NAME, text):
        yield from (f'**/{full}.py' for full in expanded(name))


def options_of(tool: str, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Options of a tool: those of its parser, or those that a script takes and hands on."""
    path = ROOT / tool
    if path.suffix == '.py':
        return set(parser_of(path, monkeypatch)._option_string_actions)
    text = path.read_text()
    found = set(re.findall(r'--[a-z][a-z-]*', text))
    for program in re.findall(r'(?:\$TOOLS|tools)/([\w/]+\.py)', text):
        found |= options_of(f'tools/{program}', monkeypatch)
    return found


class Parsed(BaseException):
    """Ends a tool where it has made its parser."""


def parser_of(path: Path, monkeypatch: pytest.MonkeyPatch) -> argparse.ArgumentParser:
    """The parser that a tool makes."""
    spec = importlib.util.spec_from_file_location(f'tool_{path.stem}', path)
    module = importlib.util.module_from_spec(spec)

    def parse_args(parser, *args, **kwargs):
        raise Parsed(parser)

    with monkeypatch.context() as patched:
        patched.syspath_prepend(str(path.parent))
        patched.setattr(sys, 'argv', [str(path)])
        patched.setattr(argparse.ArgumentParser, 'parse_args', parse_args)
        try:
            spec.loader.exec_module(module)
            module.main()
        except Parsed as parsed:
            return parsed.args[0]
    raise AssertionError(f'{path} makes no parser')
