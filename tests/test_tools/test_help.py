"""Help of every tool: quick, complete, with an example; errors of the command line."""

import ast
import json
import re
import sys
import textwrap

import pytest
from test_tools.conftest import ROOT

pytestmark = pytest.mark.slow

TOOLS = sorted(
    path
    for path in (ROOT / 'tools').rglob('*.py')
    if "if __name__ == '__main__':" in path.read_text()
)
# Runs the help of all tools in one process, because none of them imports anything slow.
COLLECT = """
import contextlib, io, json, runpy, sys, time
import argparse
parsers = []
original = argparse.ArgumentParser.print_help
def print_help(self, file=None):
    parsers.append(self)
    original(self, file)
argparse.ArgumentParser.print_help = print_help
results = {}
for tool in sys.argv[1:]:
    before, path, text = set(sys.modules), list(sys.path), io.StringIO()
    sys.argv = [tool, '--help']
    sys.path.insert(0, tool.rpartition('/')[0])
    start, status = time.process_time(), None
    with contextlib.redirect_stdout(text):
        try:
            runpy.run_path(tool, run_name='__main__')
        except SystemExit as end:
            status = end.code
    hosts = {name for name in set(sys.modules) - before if name in HOSTS}
    actions = [a for a in parsers.pop()._actions if a.help != argparse.SUPPRESS]
    without = [a.option_strings or a.dest for a in actions if not a.help]
    results[tool] = dict(
        status=status, text=text.getvalue(), hosts=sorted(hosts), without=without,
        seconds=time.process_time() - start,
    )
    sys.path[:] = path
print(json.dumps(results))
"""


@pytest.fixture(scope='module')
def helps(tmp_path_factory):
    import subprocess

    hosts = ['torch', 'torchvision', 'mmengine', 'mmcv', 'mmpretrain', 'mmdet', 'mmseg']
    done = subprocess.run(
        [sys.executable, '-c', f'HOSTS = {hosts}\n{COLLECT}', *map(str, TOOLS)],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        cwd=tmp_path_factory.mktemp('empty'),
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize('tool', TOOLS, ids=lambda path: path.stem)
def test_help_is_quick_complete_and_shows_an_example(helps, tool):
    found = helps[str(tool)]
    assert found['status'] == 0
    assert found['hosts'] == [], 'arguments are read before anything slow is imported'
    assert found['seconds'] < 2
    assert found['without'] == [], 'every argument says what it is'
    text = found['text']
    name = str(tool.relative_to(ROOT))
    assert re.search(rf'python {re.escape(name)}|bash .*\.sh', text), 'an example'
    docstring = ast.get_docstring(ast.parse(tool.read_text()))
    assert textwrap.dedent(docstring).strip() in text
    assert text.isascii()


@pytest.mark.parametrize('tool', TOOLS, ids=lambda path: path.stem)
def test_a_wrong_argument_is_one_line(call, tool):
    done = call(sys.executable, tool, '--no-such-option', '1')
    assert done.returncode == 1, done.stdout
    (line,) = done.stdout.splitlines()
    assert line.startswith(f'{tool.stem}: ') and '--help' in line


@pytest.mark.parametrize('host', ['mmengine', 'torch', 'mmpretrain'])
def test_missing_hosts_are_said_with_the_way_to_get_them(call, host):
    tool = ROOT / 'tools' / 'train.py'
    config = next((ROOT / 'configs' / 'quickstart').glob('vqgan-*.py'))
    code = (
        f'import runpy, sys\nsys.modules[{host!r}] = None\nsys.argv = sys.argv[1:]\n'
        "runpy.run_path(sys.argv[0], run_name='__main__')\n"
    )
    done = call(sys.executable, '-W', 'ignore', '-c', code, tool, config)
    assert done.returncode == 1 and 'Traceback' not in done.stdout
    last = done.stdout.splitlines()[-1]
    assert 'source .venv/bin/activate' in last and host in last
