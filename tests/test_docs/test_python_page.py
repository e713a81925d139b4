"""The Python of the page, on a model of toy size."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from PIL import Image

from mmaddp.cli import main
from mmaddp.registry import MODELS
from mmaddp.run.commands import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / 'docs' / 'python.md').read_text()
(CONFIG,) = (ROOT / 'configs' / 'toy').glob('addp-*_digits-32px.py')


@pytest.fixture
def material(tmp_path, monkeypatch):
    """What the page speaks of, in the working directory."""
    monkeypatch.chdir(tmp_path)
    cfg = Config.fromfile(CONFIG)
    stage = Path('my_model', 'addp')
    stage.mkdir(parents=True)
    Path('pictures').mkdir()
    cfg.dump(stage / 'addp.py')
    torch.manual_seed(0)
    model = MODELS.build(dict(cfg.model, _scope_='mmaddp'))
    torch.save(dict(state_dict=model.state_dict()), stage / 'epoch_1.pth')
    pixels = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    for name in ('photo.png', 'pictures/a.png', 'pictures/b.png'):
        Image.fromarray(pixels).save(name)
    mask = np.zeros((40, 60), np.uint8)
    mask[10:20, 20:30] = 255
    Image.fromarray(mask).save('mask.png')


def test_blocks_run_in_turn(material, capsys):
    names = {}
    for block in re.findall(r'```python\n(.*?)```', PAGE, re.DOTALL):
        exec(block, names)
    assert names['pictures'].shape == (16, 3, 32, 32)
    assert names['filled'].shape == (1, 4, 3, 32, 32)
    assert names['vectors'].shape == (2, 16) and names['again'].shape == (3, 1, 3, 32, 32)
    assert 'my_model/addp/epoch_1.pth: generate, reconstruct' in capsys.readouterr().out
    assert Path('samples.png').is_file() and Path('wider', '0001.png').is_file()


def test_commands_exist(capsys):
    for line in re.findall(r'^mmaddp (.*)', PAGE, re.MULTILINE):
        words = line.split('#')[0].split()
        if words == ['--help']:
            continue
        name = next(name for name in COMMANDS if line.startswith(f'{name} ') or line == name)
        with pytest.raises(SystemExit) as end:
            main([*name.split(), '--help'])
        assert end.value.code == 0
