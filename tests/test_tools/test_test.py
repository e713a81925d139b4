import pickle
import sys

import pytest
import torch
from free_port import free_port
from mmengine.config import Config
from test_tools.conftest import ROOT, TOY

from mmaddp.registry import MODELS

pytestmark = pytest.mark.slow

IMAGES = ROOT / 'configs' / '_base_' / 'generation' / 'images_from_seeds.py'
TEST = ['python', ROOT / 'tools' / 'test.py']


@pytest.fixture
def generation(tmp_path):
    """A configuration whose test generates three images, and a checkpoint of its model."""
    (tmp_path / 'generate.py').write_text(
        f'_base_ = [{str(TOY)!r}, {str(IMAGES)!r}]\n'
        'test_dataloader = dict(batch_size=2, dataset=dict(num_images=3))\n'
        'test_cfg = dict(out_dir="out")\n'
    )
    model = Config.fromfile(TOY).model
    for part in (model.target_generator.tokenizer, model.target_generator.token_predictor):
        part.init_cfg = None
    torch.save(dict(state_dict=MODELS.build(model).state_dict()), tmp_path / 'addp.pth')
    return tmp_path / 'generate.py', tmp_path / 'addp.pth'


def test_tests_and_dumps_without_the_weights_that_training_starts_from(call, generation, tmp_path):
    done = call(sys.executable, TEST[1], *generation, '--out', 'all.pkl', '--work-dir', 'logs')
    assert done.returncode == 0, done.stdout
    assert len(list((tmp_path / 'out' / 'images').glob('*.png'))) == 3
    with (tmp_path / 'all.pkl').open('rb') as file:
        assert len(pickle.load(file)) == 3


def test_two_processes(call, generation, tmp_path):
    port = str(free_port())
    done = call('bash', ROOT / 'tools' / 'dist_test.sh', *generation, 2, PORT=port)
    assert done.returncode == 0, done.stdout
    assert len(list((tmp_path / 'out' / 'images').glob('*.png'))) == 3


def test_checkpoint_of_other_widths_is_refused(call, generation, tmp_path):
    config, checkpoint = generation
    done = call(*TEST, config, checkpoint, '--cfg-options', 'model.neck.embed_dims=32')
    assert done.returncode != 0
    assert 'size mismatch for neck.' in done.stdout and 'addp.pth' in done.stdout
    assert not (tmp_path / 'out').exists()


def test_missing_checkpoint_and_missing_test_set_are_said(call, generation):
    config, checkpoint = generation
    done = call(*TEST, config, 'absent.pth')
    assert done.returncode != 0 and 'weights absent.pth (load_from)' in done.stdout
    done = call(*TEST, TOY, checkpoint)
    assert done.returncode != 0 and 'has no test_dataloader' in done.stdout
