"""Every command on the page on scaling is taken by its tool."""

import re
import shlex
import subprocess

import pytest
from named_things import FENCE, ROOT, parser_of

PAGE = ROOT / 'docs' / 'scaling.md'
BLOCKS = [
    re.sub(r'^```.*\n?', '', block, flags=re.MULTILINE)
    for block in FENCE.findall(PAGE.read_text())
    if block.startswith(('```bash', '```sh'))
]
LINES = [
    line
    for block in BLOCKS
    for line in re.sub(r'\\\n\s*', ' ', block).splitlines()
    if line and not line.startswith('#')
]
# Launcher -> its tool, and its own arguments before those of the tool: where the tool's start is.
LAUNCHERS = dict(
    dist_train=('train', lambda config, processes, *rest: (config, *rest)),
    dist_test=('test', lambda config, weights, processes, *rest: (config, weights, *rest)),
    slurm_train=('train', lambda partition, job, config, *rest: (config, *_work_dir(rest))),
    slurm_test=('test', lambda partition, job, config, weights, *rest: (config, weights, *rest)),
)
# Of Slurm and of the shell; their arguments are theirs.
OTHERS = ('scancel', 'sbatch', 'squeue', 'scontrol', 'export', 'kill', 'cd', 'source', 'ssh')


def _work_dir(words):
    return ('--work-dir', *words) if words and not words[0].startswith('-') else words


def call_in(line):
    """Tool and arguments of a line, launchers and settings of variables left out."""
    words = shlex.split(line, comments=True)
    while words and re.match(r'[A-Z_]+=', words[0]):
        words = words[1:]
    for index, word in enumerate(words):
        if re.fullmatch(r'tools/[\w/]+\.py', word):  # also behind torchrun or srun
            return word, words[index + 1 :]
    program, *words = words
    if program == 'bash':
        name = re.fullmatch(r'tools/(\w+)\.sh', words[0])[1]
        tool, arguments = LAUNCHERS[name]
        return f'tools/{tool}.py', arguments(*words[1:])
    if program in ('torchrun', 'srun'):  # their own arguments end where the tool begins
        first = next(place for place, word in enumerate(words) if word.endswith('.py'))
        return words[first], words[first + 1 :]
    assert program in OTHERS, f'{program} is not known'
    return None, words


def test_there_are_commands():
    assert len(LINES) > 3


@pytest.mark.parametrize('block', BLOCKS, ids=range(len(BLOCKS)))
def test_syntax(block):
    subprocess.run(['bash', '-n'], input=block, text=True, check=True)


@pytest.mark.parametrize('line', LINES)
def test_the_tool_takes_the_arguments(line, monkeypatch):
    tool, words = call_in(line)
    if tool is not None:
        assert parser_of(ROOT / tool, monkeypatch).parse_args(list(words))
