import numpy as np
import pytest
import torch
from mmengine.config import Config
from PIL import Image
from test_tools.conftest import ROOT

from mmaddp.registry import MODELS

(CONFIG,) = (ROOT / 'configs' / 'quickstart').glob('addp-*.py')


@pytest.fixture
def generate(call_tool, tmp_path):
    """Call the tool with an untrained checkpoint, in an empty folder."""
    model = MODELS.build(Config.fromfile(CONFIG).model)
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'addp.pth')

    def run(*arguments, checkpoint='addp.pth'):
        return call_tool('generate.py', CONFIG, checkpoint, *arguments)

    return run


def images(folder):
    files = sorted((folder / 'images').iterdir())
    return [file.name for file in files], [np.asarray(Image.open(file), int) for file in files]


def test_images_do_not_depend_on_the_batch_size(generate, tmp_path):
    options = ('--schedule', 'linear', '--steps', 4, '--static-temperature', '--top-p', 0.8)
    options += ('--choice-temperature', 3, '--seed', 7)
    for out, number, batch_size in (('a', 3, 3), ('b', 2, 1)):
        done = generate(
            *('--num-images', number, '--batch-size', batch_size, '--out', out), *options
        )
        assert done.returncode == 0, done.stdout
    names, pictures = images(tmp_path / 'a')
    assert names == ['000000.png', '000001.png', '000002.png']
    for one, other in zip(pictures, images(tmp_path / 'b')[1]):
        assert np.abs(one - other).max() <= 1
    assert not np.array_equal(pictures[0], pictures[1])
    written = Config.fromfile(next((tmp_path / 'a' / 'log').glob('*.py')))
    sampler = written.model.sampler
    assert (sampler.schedule, sampler.num_steps, sampler.top_p) == ('linear', 4, 0.8)
    assert (sampler.choice_temperature, sampler.dynamic_temperature) == (3.0, False)
    again = generate('--num-images', 1, '--out', 'a')
    assert again.returncode == 1
    assert (
        "a was made with other settings: seed 7, now 0; sampler.schedule 'linear', now 'cosine'"
        in (again.stdout.splitlines()[-1])
    )


def test_subsets_and_continuing_give_the_files_of_the_whole(generate, tmp_path):
    calls = dict(
        whole=('--num-images', 8),
        some=('--indices', 2, '5-6'),
        middle=('--seed-range', '3-5', '--grid', 0),
    )
    for out, which in calls.items():
        done = generate(*which, '--out', out, '--batch-size', 4, '--steps', 3, '--top-k', 8)
        assert done.returncode == 0, done.stdout
    files = {
        out: {f.name: f.read_bytes() for f in (tmp_path / out / 'images').iterdir()}
        for out in calls
    }
    assert sorted(files['some']) == ['000002.png', '000005.png', '000006.png']
    assert sorted(files['middle']) == ['000003.png', '000004.png', '000005.png']
    assert all(part.items() <= files['whole'].items() for part in files.values())
    assert not (tmp_path / 'middle' / 'grid.png').exists()


@pytest.mark.parametrize(
    'arguments, checkpoint, message',
    [
        ((), 'absent.pth', 'There is no checkpoint absent.pth'),
        (('--schedule', 'cosin'), 'addp.pth', "Unknown mask schedule 'cosin'"),
        (('--num-images', 0), 'addp.pth', 'num_images must be at least 1, got 0'),
        (('--steps', 0), 'addp.pth', 'num_steps must be at least 1, got 0'),
        (('--steps', 17), 'addp.pth', 'num_steps is 17, but a grid of (4, 4) has 16 positions'),
        (('--choice-temperature', -1), 'addp.pth', 'choice_temperature must be finite and not'),
        (('--top-p', 1.5), 'addp.pth', 'top_p must lie in (0, 1], got 1.5'),
        (('--batch-size', 0), 'addp.pth', '--batch-size must be at least 1, got 0'),
        (('--out', '.'), 'addp.pth', 'holds other files (addp.pth)'),
    ],
)
def test_one_clear_message(generate, arguments, checkpoint, message):
    done = generate('--out', 'out', *arguments, checkpoint=checkpoint)
    assert done.returncode == 1
    assert message in done.stdout.splitlines()[-1]
    assert 'Traceback' not in done.stdout
