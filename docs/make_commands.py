"""Write the page of all commands: ``python docs/make_commands.py``.

Names, options and their meaning are those of the tools, so the page is true as long as a test finds
it equal to what this writes.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / 'docs' / 'reference' / 'commands.md'
sys.path.insert(0, str(ROOT))

from mmaddp import cli  # noqa: E402
from mmaddp.run.commands import COMMANDS  # noqa: E402

HEAD = """\
# Commands

What `mmaddp COMMAND --help` says, without its text. Every command is a tool with the same options:
`mmaddp train CONFIG` is `python tools/train.py CONFIG`. All have `--help`, and `--traceback`, which
shows where in the code an error comes from.
"""
# Of every command.
COMMON = {'help', 'traceback'}


class Made(BaseException):
    """Ends a tool where it has made its parser."""


def parser_of(name: str) -> argparse.ArgumentParser:
    """The parser of a command."""

    def stop(parser, *args, **kwargs):
        raise Made(parser)

    with mock.patch.object(argparse.ArgumentParser, 'parse_args', stop):
        try:
            cli.main(name.split())
        except Made as made:
            return made.args[0]
    raise AssertionError(f'{name} makes no parser')


def page() -> str:
    """The page, in Markdown."""
    return '\n'.join([HEAD, *(line for name in COMMANDS for line in section(name))])


def section(name: str) -> Iterator[str]:
    """Heading, summary and table of a command."""
    yield f'## mmaddp {name}\n'
    summary = COMMANDS[name].summary
    yield f'`tools/{COMMANDS[name].tool}`: {summary}.\n'
    yield from actions(parser_of(name))
    yield ''


def actions(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Rows of a table, and tables of the commands that a command has."""
    rows = [row(parser, each) for each in parser._actions if is_shown(each)]
    if rows:
        yield from ('| argument | meaning |', '| --- | --- |', *rows)
    for each in parser._actions:
        if isinstance(each, argparse._SubParsersAction):
            for name, inner in each.choices.items():
                yield f'\n`{name}`:\n'
                yield from actions(inner)


def is_shown(action: argparse.Action) -> bool:
    """Whether ``--help`` names it, and it is not one of every command."""
    hidden = action.help == argparse.SUPPRESS or isinstance(action, argparse._SubParsersAction)
    return not hidden and action.dest not in COMMON


def row(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    """Names with their values, and what they mean."""
    formatter = parser._get_formatter()
    words = ' '.join(formatter._format_args(action, action.dest.upper()).split())
    called = ', '.join(f'`{f"{name} {words}".strip()}`' for name in action.option_strings)
    meaning = formatter._expand_help(action) if action.help else ''
    meaning = ' '.join(meaning.split()).replace('|', r'\|')
    return f'| {called or f"`{words}`"} | {meaning} |'


if __name__ == '__main__':
    PAGE.write_text(page(), encoding='utf-8')
