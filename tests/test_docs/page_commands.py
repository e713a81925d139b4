"""The commands on the pages, and what becomes of each: its tool, with the words behind it."""

import re
import shlex
from collections.abc import Iterator
from typing import NamedTuple

from named_things import FENCE, PAGES, ROOT, text_of

from mmaddp.run.commands import COMMANDS, PROGRAM

EVERY_PAGE = [*PAGES, ROOT / 'examples' / 'README.md']
LANGUAGES = ('bash', 'sh')
# Of the system and of others; their arguments are theirs.
OTHERS = {
    *('cd', 'source', 'export', 'kill', 'ssh', 'git', 'docker', 'jupyter', 'tensorboard'),
    *('scancel', 'sbatch', 'squeue', 'scontrol', 'pre-commit', 'mlflow', 'trackio'),
}
STARTERS = ('torchrun', 'srun')
# Launcher -> its tool, and the words that reach the tool. Its own come first.
LAUNCHERS = dict(
    dist_train=('train', lambda config, processes, *rest: (config, *rest)),
    dist_test=('test', lambda config, weights, processes, *rest: (config, weights, *rest)),
    slurm_train=('train', lambda partition, job, config, *rest: (config, *_work_dir(rest))),
    slurm_test=('test', lambda partition, job, config, weights, *rest: (config, weights, *rest)),
    quickstart=('quickstart/quickstart', lambda *words: _without(words, '--no-venv')),
)
COMMAND = re.compile(rf'(?:{PROGRAM} [a-z]|python [-\w]|bash tools/|tools/\w+[\w/]*\.(?:py|sh) )')
NUMBERS = re.compile(r'[NMK]')


class Line(NamedTuple):
    """A command on a page.

    Attributes:
        text (str): As it is typed.
        in_block (bool): It is to be typed so; in prose, arguments may be left out.
    """

    text: str
    in_block: bool


class Call(NamedTuple):
    """A tool with its words; without a tool, those of a program that is not ours.

    Attributes:
        tool (str, optional): File below the root.
        words (list[str]): Its arguments.
        program (str): What the command begins with.
    """

    tool: str | None
    words: list[str]
    program: str


def blocks(text: str) -> Iterator[str]:
    """Blocks of shell commands, and what is typed in blocks that show a session."""
    for block in FENCE.findall(text):
        language, _, code = block.removesuffix('```').removeprefix('```').partition('\n')
        if language.strip() in LANGUAGES:
            yield code
        elif not language.strip() or language.strip() in ('text', 'console'):
            typed = re.findall(r'^\$ (.*)', code, re.MULTILINE)
            if typed:
                yield '\n'.join(typed)


def lines(text: str) -> Iterator[Line]:
    """Commands, with variables that the page sets filled in: of its blocks and in its prose."""
    variables: dict[str, str] = {}
    for block in blocks(text):
        for line in block.splitlines():
            given = re.fullmatch(r'(\w+)=("?)([^"]*)\2', line.strip())
            if given:
                variables[given[1]] = given[3]
            elif line.strip() and not line.lstrip().startswith('#'):
                yield Line(_filled(line.strip(), variables), in_block=True)
    for code in re.findall(r'`([^`]+)`', FENCE.sub('', text)):
        code = ' '.join(code.split())
        if COMMAND.match(code) and '...' not in code:
            yield Line(_filled(code, variables), in_block=False)


def _filled(line: str, variables: dict[str, str]) -> str:
    for name, value in variables.items():
        line = re.sub(rf'\$(?:{name}\b|{{{name}}})', lambda match, value=value: value, line)
    return line


def calls(line: str) -> Iterator[Call]:
    """Calls in a line: what is written between ``&&``, ``|`` and ``;``."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars='|&;<>')
    lexer.whitespace_split, lexer.commenters = True, '#'
    command: list[str] = []
    for word in [*lexer, ';']:
        if word in ('|', '||', '&&', ';', '&'):
            if command:
                yield call(command)
            command = []
        else:
            command.append(word)


def call(words: list[str]) -> Call:
    """The call that a command is, without the variables before it and the files behind it."""
    while words and re.match(r'\w+=', words[0]):
        words = words[1:]
    if '>' in words:
        words = words[: words.index('>')]
    for index, word in enumerate(words):  # also behind python, torchrun or srun
        if re.fullmatch(r'(?:tools|docs|tests|examples)/[\w/]+\.py', word):
            return Call(word, words[index + 1 :], words[0])
        in_image = words[:2] == ['docker', 'run'] and word.split(':')[0] == PROGRAM
        if in_image or (word == PROGRAM and words[index - 1 : index] in ([], ['-m'])):
            return _sub_command(words[index + 1 :])
    program, *rest = words
    if program == 'bash' or program.startswith('tools/'):
        return _script(words[1:] if program == 'bash' else words)
    if program in ('python', 'python3', '.venv/bin/python') and rest[0] == '-m':
        return Call(None, rest[1:], f'-m {rest[1]}')
    return Call(None, rest, program)


def _sub_command(words: list[str]) -> Call:
    for count in (2, 1):
        name = ' '.join(words[:count])
        if name in COMMANDS:
            return Call(f'tools/{COMMANDS[name].tool}', words[count:], PROGRAM)
    return Call(None, words, PROGRAM)


def _script(words: list[str]) -> Call:
    name = words[0].removeprefix('tools/').removesuffix('.sh')
    if name not in LAUNCHERS or '--help' in words:
        return Call(words[0], words[1:], 'bash')
    tool, own = LAUNCHERS[name]
    return Call(f'tools/{tool}.py', list(own(*words[1:])), 'bash')


def _work_dir(words: tuple[str, ...]) -> tuple[str, ...]:
    return ('--work-dir', *words) if words and not words[0].startswith('-') else words


def _without(words: tuple[str, ...], option: str) -> list[str]:
    return [word for word in words if word != option]


def with_numbers(words: list[str]) -> list[str]:
    """Words with a number in the place of N."""
    return ['8' if NUMBERS.fullmatch(word) else word for word in words]


def all_lines() -> Iterator[tuple[str, Line]]:
    """Pages and the commands on them."""
    for page in EVERY_PAGE:
        if page.name != 'index.md':  # the README once more
            name = str(page.relative_to(ROOT))
            yield from ((name, line) for line in lines(text_of(page)))
