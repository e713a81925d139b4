"""Examples: their syntax, the commands in them, and what the one for Ray does."""

import importlib.util
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from test_docs.named_things import parser_of

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / 'examples'
RAY = EXAMPLES / 'ray' / 'cache_tokens.py'
MADE = {'__pycache__', '.ipynb_checkpoints', 'mmaddp_tour'}  # by those who try them
FILES = sorted(path for path in EXAMPLES.rglob('*') if path.is_file() and not MADE & {*path.parts})
YAML = [path for path in FILES if path.suffix == '.yaml']
LAUNCHED = [path for path in FILES if path.suffix in ('.yaml', '.sbatch')]
LAUNCHER = re.compile(r'bash tools/(\w+)\.sh ')


def commands(path: Path) -> Iterator[str]:
    """Commands of a YAML file, one string each, or the text of a script."""
    if path.suffix != '.yaml':
        yield path.read_text()
        return

    def strings(node) -> Iterator[str]:
        if isinstance(node, dict):
            for key, value in node.items():
                if key == 'command':
                    yield ' '.join(value)
                elif isinstance(value, str):
                    yield value
                else:
                    yield from strings(value)
        elif isinstance(node, list):
            for value in node:
                yield from strings(value)

    for document in yaml.safe_load_all(path.read_text()):
        yield from strings(document)


def launches(path: Path) -> list[list[str]]:
    """Words of each call of a launcher, its name first."""
    found = []
    for text in commands(path):
        joined = re.sub(r'\\\n\s*', ' ', text)
        lines = [line for line in joined.splitlines() if not line.lstrip().startswith('#')]
        for line in lines:
            call = LAUNCHER.search(line)
            if call:
                found.append([call[1], *shlex.split(line[call.end() :])])
    return found


def test_every_file_is_in_the_table():
    table = (EXAMPLES / 'README.md').read_text()
    listed = set(re.findall(r'^\| `([\w/.]+)` \|', table, re.MULTILINE))
    found = {str(path.relative_to(EXAMPLES)) for path in FILES} - {'README.md'}
    assert found == listed


@pytest.mark.parametrize('path', YAML, ids=lambda path: path.name)
def test_yaml(path):
    documents = list(yaml.safe_load_all(path.read_text()))
    assert documents and all(isinstance(document, dict) for document in documents)
    if path.parent.name == 'kubernetes':
        assert all({'apiVersion', 'kind', 'metadata', 'spec'} <= set(d) for d in documents)
    else:
        known = {'name', 'resources', 'num_nodes', 'workdir', 'file_mounts', 'setup', 'run'}
        assert all(set(document) <= known for document in documents)


@pytest.mark.parametrize('path', LAUNCHED, ids=lambda path: path.name)
def test_shell(path):
    for text in commands(path):
        if 'bash ' in text:
            subprocess.run(['bash', '-n'], input=text, text=True, check=True)


@pytest.mark.parametrize('path', LAUNCHED, ids=lambda path: path.name)
def test_trainings_can_be_started_again_and_their_arguments_are_taken(path, monkeypatch):
    parser = parser_of(ROOT / 'tools' / 'train.py', monkeypatch)
    calls = launches(path)
    assert calls
    for launcher, *words in calls:
        if launcher == 'slurm_train':
            assert words[-2:] == ['$@', '--resume']
            words = ['c.py', *words[3:]]
        else:
            assert launcher == 'dist_train'
            assert (ROOT / words[0]).is_file()
            processes = words.pop(1)
            assert processes.isdigit() or processes == '$SKYPILOT_NUM_GPUS_PER_NODE'
        args = parser.parse_args([word for word in words if word != '$@'])
        assert args.resume == 'auto'


@pytest.fixture
def ray_example(monkeypatch):
    """The example with a Ray that does everything at once, and a cache of five shards."""
    written, calls = [], []

    class Shards(list):
        def map_batches(self, kind, fn_constructor_kwargs, batch_size, **resources):
            calls.append(resources)
            worker = kind(**fn_constructor_kwargs)
            return Shards(worker(dict(shard=[row['shard']])) for row in self)

        def materialize(self):
            return self

        def count(self):
            return len(self)

    class Cache:
        def __init__(self, config, checkpoint, out, num_views):
            assert (config, checkpoint, out, num_views) == ('c.py', 'c.pth', 'cache', 3)

        def missing(self):
            return [shard for shard in range(5) if shard not in written]

        def write(self, shards):
            written.extend(shards)

    ray = SimpleNamespace(data=SimpleNamespace(from_items=Shards))
    monkeypatch.setitem(sys.modules, 'ray', ray)
    spec = importlib.util.spec_from_file_location('ray_example', RAY)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, 'TokenCaching', Cache)
    return SimpleNamespace(main=module.main, written=written, calls=calls)


def test_ray_writes_what_is_missing(ray_example, capsys):
    ray_example.written.extend([1, 3])
    command = ['c.py', 'c.pth', '--out', 'cache', '--num-views', '3', '--workers', '2']
    ray_example.main(command)
    assert ray_example.written == [1, 3, 0, 2, 4]
    assert ray_example.calls == [dict(concurrency=2, num_gpus=0)]
    assert 'cache: 3 shards written\ncache: 0 shards missing' in capsys.readouterr().out
    ray_example.main(command)
    assert len(ray_example.calls) == 1
