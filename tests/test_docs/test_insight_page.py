"""The page on watching a training: its configs are read, its commands are taken."""

import re
import shlex

import pytest
from mmengine.registry import HOOKS, VISBACKENDS
from named_things import ROOT, parser_of, with_tool

from mmaddp.run.config import read_config

PAGE = (ROOT / 'docs' / 'insight.md').read_text()
CONFIGS = re.findall(r'```python\n(.*?)```', PAGE, re.DOTALL)
COMMANDS = [
    line
    for block in re.findall(r'```bash\n(.*?)```', PAGE, re.DOTALL)
    for line in re.sub(r'\\\n\s*', ' ', block).splitlines()
    if line.startswith('mmaddp ')
]


def test_configs_are_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    kinds = []
    for number, text in enumerate(CONFIGS):
        file = tmp_path / (f'my_{number}.py' if number else 'my_watched.py')
        file.write_text(text)
        cfg = read_config(file)
        for name in ('features', 'preview'):
            HOOKS.build(cfg.default_hooks[name])
        for backend in cfg.visualizer.vis_backends:
            place = str(tmp_path / 'run' / '20261201_000000' / 'vis_data')
            kinds.append(type(VISBACKENDS.build(dict(backend, save_dir=place))).__name__)
    assert {'TensorboardVisBackend', 'TrackioVisBackend'} < set(kinds)


@pytest.mark.parametrize('line', COMMANDS)
def test_commands_are_taken(line, monkeypatch):
    tool, *words = shlex.split(with_tool(line), comments=True)
    assert parser_of(ROOT / tool, monkeypatch).parse_args(words)
