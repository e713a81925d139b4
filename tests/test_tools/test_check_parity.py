import subprocess
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / 'tests' / 'data' / 'reference'


@pytest.fixture
def check(ready_python):
    def run(folder, *arguments):
        command = [ready_python, 'tools/analysis_tools/check_parity.py', '--reference', folder]
        return subprocess.run([*command, *arguments], cwd=ROOT, capture_output=True, text=True)

    return run


def test_one_wrong_tensor_fails_the_check(check, tmp_path):
    for file in FOLDER.iterdir():
        (tmp_path / file.name).symlink_to(file)
    tensors = load_file(FOLDER / 'reference.safetensors')
    tensors['vq.z_q'] *= 1.001
    tensors['vq.surprise'] = tensors['vq.z_q'].clone()
    del tensors['pretrain.loss']
    (tmp_path / 'reference.safetensors').unlink()
    save_file(tensors, tmp_path / 'reference.safetensors')
    result = check(tmp_path, '--skip', 'classify.*')
    assert result.returncode == 1, result.stderr
    status = {line.split()[0]: line.split()[-1] for line in result.stdout.splitlines()[1:-1]}
    assert {name for name, word in status.items() if word == 'FAIL'} == {'vq.z_q'}
    assert status['vq.surprise'] == 'unknown' and status['pretrain.loss'] == 'missing'
    assert status['classify.320.logits'] == 'skipped' and status['pretrain.latent'] == 'ok'
    assert '35 agree, 3 do not, 4 skipped' in result.stdout


def test_not_a_reference_folder(check, tmp_path):
    result = check(tmp_path)
    assert result.returncode == 1
    assert 'Not a reference folder' in result.stderr and 'Traceback' not in result.stderr
