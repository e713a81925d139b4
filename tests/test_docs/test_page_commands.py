"""Every command on the pages is one that its tool takes; every option of a tool is on its page."""

import functools
import re
import runpy
import subprocess

import pytest
from named_things import ROOT, parser_of, text_of
from page_commands import EVERY_PAGE, OTHERS, all_lines, blocks, calls, lines, with_numbers

LINES = list(dict.fromkeys(all_lines()))
MISSING = re.compile('arguments? .*(?:are|is) required')


@functools.cache
def parser(tool):
    with pytest.MonkeyPatch.context() as monkeypatch:
        return parser_of(ROOT / tool, monkeypatch)


def fails(call, capsys):
    """What is wrong with a call; None if nothing is."""
    files = [word for word in call.words if word.endswith('.txt') and '/' in word]
    wrong = [file for file in files if not (ROOT / file).is_file()]
    if wrong:
        return f'{wrong} are not there'
    if call.tool is None:
        return _of_others(call)
    if call.tool.endswith('.sh') or call.tool.startswith(('docs/', 'tests/')):
        options = {word for word in call.words if word.startswith('--')} - {'--help', '--'}
        known = set(re.findall(r'--[a-z][\w-]*', (ROOT / call.tool).read_text()))
        return f'{options - known}' if options - known else None
    try:
        parser(call.tool).parse_args(with_numbers(call.words))
    except SystemExit as end:
        return capsys.readouterr().err if end.code else None
    return None


def _of_others(call):
    """What is wrong with a call of another program."""
    if call.program == 'mmaddp':
        return None if call.words in (['--help'], ['--version'], []) else 'no such command'
    if call.program == 'pip':
        setup = (ROOT / 'setup.py').read_text()
        extras = re.findall(r'mmaddp\[([\w,]+)\]', ' '.join(call.words))
        return next((e for e in ','.join(extras).split(',') if e and f"'{e}'" not in setup), None)
    if call.program == '-m pytest' or call.program.endswith('python'):
        paths = [word for word in call.words if word.startswith('tests/')]
        return next((path for path in paths if not (ROOT / path).exists()), None)
    known = call.program in OTHERS or call.program in ('-m pip', '-m venv', '-m http.server')
    return None if known else f'{call.program} is not known'


def test_there_are_commands():
    assert len(LINES) > 100 and len({page for page, _ in LINES}) > 15


@pytest.mark.parametrize('page, line', LINES, ids=[f'{page}: {line.text}' for page, line in LINES])
def test_the_tool_takes_the_arguments(page, line, capsys):
    found = list(calls(line.text))
    assert found
    for call in found:
        wrong = fails(call, capsys)
        only_named = not line.in_block and wrong and MISSING.search(wrong)
        assert not wrong or only_named, f'{page}: {line.text}\n{wrong}'


def test_the_page_of_all_commands_is_that_of_their_parsers():
    code = runpy.run_path(str(ROOT / 'docs' / 'make_commands.py'))
    assert code['PAGE'].read_text() == code['page'](), 'run python docs/make_commands.py'


def table_of_wishes():
    """Rows of the README's table: wish, commands, pages."""
    text = (ROOT / 'README.md').read_text()
    (table,) = re.findall(r'^\| wish .*\n\|.*\n((?:\|.*\n)+)', text, re.MULTILINE)
    return [[cell.strip() for cell in row.strip('|').split(' | ')] for row in table.splitlines()]


@pytest.mark.parametrize('row', table_of_wishes(), ids=lambda row: row[0].strip('| '))
def test_rows_of_the_first_page_are_complete(row, capsys):
    """Each has a command with all that it needs, or a line of Python, and a page."""
    _, code, pages = row
    codes = re.findall(r'`([^`]+)`', code)
    assert codes and '](docs/' in pages
    for code in codes:
        if code.startswith(('mmaddp.', '_base_')):  # Python, which other tests run
            continue
        assert not [wrong for call in calls(code) if (wrong := fails(call, capsys))]


@pytest.mark.parametrize('page', EVERY_PAGE, ids=lambda page: page.name)
def test_syntax(page):
    """Of all blocks of a page at once."""
    script = '\n'.join(blocks(text_of(page)))
    subprocess.run(['bash', '-n'], input=script, text=True, check=True)


@pytest.mark.parametrize(
    'line, tool, words',
    [
        ('GPUS=8 bash tools/slurm_train.sh P J c.py D --seed 1', 'tools/train.py', 5),
        ('torchrun --nproc_per_node 8 tools/train.py c.py', 'tools/train.py', 1),
        ('python -m torch.distributed.run -m mmaddp train c.py', 'tools/train.py', 1),
        ('docker run --rm mmaddp:cuda pretrain pictures --out m', 'tools/pretrain.py', 3),
        ('mmaddp convert to-timm a.pth b', 'tools/model_converters/mmaddp_to_timm.py', 2),
        ('cd x && bash tools/quickstart.sh --smoke | tee log', 'tools/quickstart/quickstart.py', 1),
    ],
)
def test_calls_are_found(line, tool, words):
    assert [len(call.words) for call in calls(line) if call.tool == tool] == [words]


def test_wrong_commands_are_found(capsys):
    page = '```bash\nG="mmaddp generate C"\n$G W --no-such\n```\n`mmaddp training CONFIG`'
    page += '\n```text\n$ mmaddp pretrain pictures\nRead.\n```\n'
    found = [fails(call, capsys) for line in lines(page) for call in calls(line.text)]
    assert len(found) == 3 and all(found)
