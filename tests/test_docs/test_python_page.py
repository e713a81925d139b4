"""The Python of the page, that of the README and the commands on generation, at toy size."""

import re
import runpy
import shlex
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from PIL import Image

from mmaddp.registry import MODELS

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
    generation = ROOT / 'configs' / '_base_' / 'generation' / 'images_from_seeds.py'
    loop = generation.read_text().replace('loader = dict(', 'loader = dict(_delete_=True,')
    (stage / 'addp.py').write_text(f'_base_ = {str(CONFIG)!r}\n{loop}')
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


def test_readme_block_runs(material):
    readme = (ROOT / 'README.md').read_text()
    (block,) = re.findall(r'```python\n(.*?)```', readme, re.DOTALL)
    names = {}
    exec(block.replace("'addp-vit-base'", "'my_model'"), names)
    assert names['filled'].shape == (1, 4, 3, 32, 32) and Path('filled.png').is_file()


def commands_on_generation():
    """Lines that generate and edit; ``$G`` stands for the beginning of several."""
    page = (ROOT / 'docs' / 'generation.md').read_text()
    common = re.search(r'^G="(.*)"', page, re.MULTILINE)[1]
    lines = re.findall(r'^(?:python tools/generate\.py|\$G) .*', page, re.MULTILINE)
    return [line.replace('$G', common) for line in lines]


@pytest.mark.parametrize('line', commands_on_generation())
def test_commands_on_generation_run(line, material, monkeypatch):
    mask = np.zeros((32, 32), np.uint8)  # as large as the model's pictures
    mask[8:24] = 255
    Image.fromarray(mask).save('mask.png')
    line = line.replace('32 64 32 64', '4 8 4 8')  # the model is eight times as small
    line = line.replace('CONFIG CHECKPOINT', 'my_model/addp/addp.py my_model/addp/epoch_1.pth')
    _, tool, *arguments = shlex.split(line, comments=True)
    monkeypatch.setattr(sys, 'argv', [tool, *arguments])
    runpy.run_path(str(ROOT / tool), run_name='__main__')
    out = Path(arguments[arguments.index('--out') + 1])
    assert (out / 'manifest.json').is_file() and list(out.rglob('*.png'))


def test_what_pre_training_sees_is_drawn(material, monkeypatch):
    tool = 'tools/analysis_tools/visualize_addp.py'
    files = ['my_model/addp/addp.py', 'my_model/addp/epoch_1.pth', 'photo.png', '--out', 'seen']
    monkeypatch.setattr(sys, 'argv', [tool, *files])
    runpy.run_path(str(ROOT / tool), run_name='__main__')
    drawn = {file.name for file in Path('seen').iterdir()}
    assert drawn >= {'steps.png', 'targets.png', 'reconstructions.png'}
