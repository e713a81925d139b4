"""A checkpoint that is a program: refused by every reader, named, and not run."""

import runpy
import sys

import pytest
import torch
from mmengine.config import Config
from test_tools.conftest import ROOT, TOY

pytestmark = pytest.mark.slow

GENERATING = """
_base_ = {base!r}
test_dataloader = dict(
    batch_size=2,
    num_workers=0,
    dataset=dict(type='mmaddp.GenerationSeeds', num_images=2, seed=0),
    sampler=dict(type='DefaultSampler', shuffle=False),
)
test_evaluator = []
test_cfg = dict(type='mmaddp.GenerationLoop', out_dir='out')
"""


class Hostile:
    """Makes the file ``executed`` when it is unpickled."""

    def __reduce__(self):
        return open, ('executed', 'w')


@pytest.fixture
def tool(tmp_path, toy_options, monkeypatch):
    """Run a tool in this process and in an empty folder, with a hostile file at hand."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv('TORCH_FORCE_WEIGHTS_ONLY_LOAD', raising=False)
    torch.save(dict(state_dict={}, meta={}, extra=Hostile()), 'hostile.pth')
    model = Config.fromfile(TOY).model
    model.sampler = dict(type='mmaddp.AlternatingSampler', num_steps=2)
    (tmp_path / 'config.py').write_text(
        GENERATING.format(base=str(TOY)) + f'model = dict(sampler={dict(model.sampler)})\n'
    )

    def run(name, *arguments):
        monkeypatch.setattr(sys, 'argv', [name, 'config.py', *arguments])
        runpy.run_path(str(ROOT / 'tools' / f'{name}.py'), run_name='__main__')

    return run


def point_to_hostile(folder):
    folder.mkdir()
    (folder / 'last_checkpoint').write_text('hostile.pth')


DOORS = dict(
    resume=lambda options: ('train', '--resume', 'hostile.pth', '--cfg-options', *options),
    auto_resume=lambda options: ('train', '--resume', '--work-dir', 'w', '--cfg-options', *options),
    load_from=lambda options: ('train', '--cfg-options', *options, 'load_from=hostile.pth'),
    init_cfg=lambda options: (
        *('train', '--cfg-options', *options),
        'model.target_generator.tokenizer.init_cfg.checkpoint=hostile.pth',
    ),
    test=lambda options: ('test', 'hostile.pth'),
    generate=lambda options: ('generate', 'hostile.pth', '--out', 'images'),
)


@pytest.mark.parametrize('door', DOORS)
def test_hostile_checkpoint(tool, tmp_path, toy_options, door):
    if door == 'auto_resume':
        point_to_hostile(tmp_path / 'w')
    with pytest.raises((ValueError, SystemExit), match=r'hostile\.pth is refused: .*\bopen\b'):
        tool(*DOORS[door](toy_options))
    assert not (tmp_path / 'executed').exists()


def test_the_file_is_hostile(tool, tmp_path):
    # Without this the tests above would also pass with a harmless file.
    torch.load('hostile.pth', weights_only=False)['extra'].close()
    assert (tmp_path / 'executed').exists()
