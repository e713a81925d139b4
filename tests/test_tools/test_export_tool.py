"""mmaddp export, from the command line."""

import pytest
from toy_classification import save_weights, toy_config, write_images

pytestmark = pytest.mark.slow


def test_export_writes_what_torch_alone_loads(call_tool, tmp_path):
    cfg = toy_config(write_images(tmp_path / 'images'), tmp_path / 'work')
    cfg.dump(tmp_path / 'toy.py')
    checkpoint = save_weights(cfg, tmp_path / 'toy.pth')
    tool = 'model_converters/export.py'
    options = ('--config', 'toy.py', '--to', 'torch', '--out', 'exported')
    done = call_tool(tool, checkpoint, *options)
    assert done.returncode == 0, done.stdout
    assert 'Wrote exported/classify.pt2: largest difference over 20 shapes' in done.stdout
