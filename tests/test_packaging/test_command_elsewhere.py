"""The console command, mim and ``mmaddp.load`` with an installed wheel, in an empty folder."""

from collections import Counter

import pytest
from test_packaging.conftest import run

CONFIG = 'classifier-vit-w16-p8_scratch_1xb8-3e_digits-32px.py'
LOAD = """
import mmaddp
model = mmaddp.load('work_dirs/run')
found = model.classify('work_dirs/toy/digits/classification/val/3')
print(len(found), 'classified;', model)
"""


@pytest.mark.slow
def test_data_training_and_model(elsewhere, tmp_path, monkeypatch):
    monkeypatch.setenv('OMP_NUM_THREADS', '1')
    monkeypatch.delenv('PYTHONPATH', raising=False)
    command = elsewhere.parent / 'mmaddp'
    assert f'mmaddp::toy/{CONFIG}' in run(command, 'models', '--configs', 'toy', cwd=tmp_path)
    scenes = ('--scene-size', 64, '--train-scenes', 1, '--val-scenes', 1)
    run(command, 'prepare', 'digits', '--out', 'work_dirs/toy/digits', *scenes, cwd=tmp_path)
    address = f'mmaddp::toy/{CONFIG}'
    said = run(command, 'train', address, '--work-dir', 'work_dirs/run', cwd=tmp_path)
    assert 'accuracy/top1' in said
    said = run(elsewhere, '-c', LOAD, cwd=tmp_path)
    assert '37 classified; <ImageClassifier of work_dirs/run/epoch_3.pth: classify' in said


def test_mim_finds_configs_by_their_file_names(packed):
    """It looks for the name below the package, and adds --gpus to a tool whose help has that."""
    names = Counter(path.name for path in packed.rglob('*.py') if not path.name.startswith('_'))
    configs = packed / 'mmaddp' / '.mim' / 'configs'
    runnable = [
        path.name
        for path in configs.glob('*/*.py')
        if not path.parent.name.startswith('_') and not path.name.startswith('parts_')
    ]
    assert len(runnable) > 30
    assert [name for name in runnable if names[name] > 1] == []
    for tool in ('train.py', 'test.py'):
        assert '--gpus' not in (packed / 'mmaddp' / '.mim' / 'tools' / tool).read_text()
