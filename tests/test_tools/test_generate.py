import numpy as np
import pytest
import torch
from mmengine.config import Config
from PIL import Image
from test_tools.conftest import ROOT

from mmaddp.registry import MODELS

pytestmark = pytest.mark.slow

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


def test_a_larger_number_extends_a_folder(generate, tmp_path):
    for number in (2, 6):
        if number == 6:  # what a look into the folder leaves
            (tmp_path / 'out' / 'images' / '.DS_Store').touch()
        done = generate('--num-images', number, '--steps', 2, '--out', 'out')
        assert done.returncode == 0, done.stdout
    done = generate('--num-images', 6, '--steps', 2, '--batch-size', 2, '--out', 'whole')
    assert done.returncode == 0, done.stdout
    for file in (tmp_path / 'whole' / 'images').iterdir():
        assert (tmp_path / 'out' / 'images' / file.name).read_bytes() == file.read_bytes()


@pytest.mark.parametrize(
    'arguments, checkpoint, message',
    [
        ((), 'absent.pth', 'There is no checkpoint absent.pth'),
        (('--schedule', 'cosin'), 'addp.pth', "Unknown mask schedule 'cosin'"),
        (('--num-images', 0), 'addp.pth', '--num-images must be from 1 to 10000000, got 0'),
        (('--num-images', 10**9), 'addp.pth', '--num-images must be from 1 to 10000000, got 1000'),
        (('--indices', '5-3'), 'addp.pth', '--indices 5-3 ends before it begins: write 3-5'),
        (('--indices', '0-'), 'addp.pth', '--indices takes image numbers, as in 7 or 100-163'),
        (('--indices', '0-99999999999'), 'addp.pth', 'image numbers below 10000000'),
        (('--seed-range', '9-3'), 'addp.pth', '--seed-range 9-3 ends before it begins'),
        (('--seed', -1), 'addp.pth', '--seed must be from 0 to 4294967295, got -1'),
        (('--seed', 2**64), 'addp.pth', '--seed must be from 0 to 4294967295, got 18446744'),
        (('--seed', 'x'), 'addp.pth', '--seed must be a whole number, got x'),
        (('--zoom', 0), 'addp.pth', '--zoom must be at least 1, got 0'),
        (('--zoom', -1), 'addp.pth', '--zoom must be at least 1, got -1'),
        (('--grid', -1), 'addp.pth', '--grid must be at least 0, got -1'),
        (('--schedule', 'os:system'), 'addp.pth', "Unknown mask schedule 'os:system'"),
        (('--steps', 0), 'addp.pth', '--steps must be at least 1, got 0'),
        (('--steps', 17), 'addp.pth', 'num_steps is 17, but a grid of (4, 4) has 16 positions'),
        (('--choice-temperature', -1), 'addp.pth', '--choice-temperature must be at least 0, got'),
        (('--choice-temperature', 'nan'), 'addp.pth', 'must be a finite number, got nan'),
        (('--top-p', 1.5), 'addp.pth', '--top-p must be from 0 to 1, got 1.5'),
        (('--top-p', 0), 'addp.pth', 'top_p must lie in (0, 1], got 0.0'),
        (('--batch-size', 0), 'addp.pth', '--batch-size must be at least 1, got 0'),
        (('--out', '.'), 'addp.pth', 'holds other files (addp.pth)'),
    ],
)
def test_one_clear_message(generate, arguments, checkpoint, message):
    done = generate('--out', 'out', *arguments, checkpoint=checkpoint)
    assert done.returncode == 1
    assert message in done.stdout.splitlines()[-1]
    assert 'Traceback' not in done.stdout


def test_an_image_that_cannot_be_written(generate, tmp_path):
    options = ('--steps', 2, '--batch-size', 2, '--out', 'a')
    assert generate('--num-images', 4, *options).returncode == 0
    (tmp_path / 'a' / 'images' / '000005.png').mkdir()
    done = generate('--num-images', 40, *options)
    assert done.returncode == 1 and 'Traceback' not in done.stdout
    assert 'Is a directory. What is complete stays' in done.stdout.splitlines()[-1]
    assert '000005.png' in done.stdout.splitlines()[-1]
    assert len(list((tmp_path / 'a' / 'images').iterdir())) < 40  # stopped at once


def test_trajectories_end_with_the_image(generate, tmp_path):
    done = generate('--indices', 1, 4, '--out', 'a', '--batch-size', 3, '--trajectory', 2)
    assert done.returncode == 0, done.stdout
    folder = tmp_path / 'a' / 'trajectories'
    assert sorted(file.name for file in folder.iterdir()) == [
        *('000001.gif', '000001.png', '000004.gif', '000004.png')
    ]
    strip = np.asarray(Image.open(folder / '000004.png'))
    zoomed = (
        np.asarray(Image.open(tmp_path / 'a' / 'images' / '000004.png')).repeat(2, 0).repeat(2, 1)
    )
    assert np.array_equal(strip[2:66, -66:-2], zoomed)
    assert strip.shape == (3 * 66 + 2, 12 * 66 + 2, 3)
    for name in ('000001', '000004'):
        with Image.open(folder / f'{name}.gif') as animation:
            assert animation.n_frames > 9  # equal neighbours become one frame
            animation.seek(animation.n_frames - 1)
            last = np.asarray(animation.convert('RGB'), int)
        assert last.shape == zoomed.shape
        image = np.asarray(Image.open(tmp_path / 'a' / 'images' / f'{name}.png'), int)
        # But for the palette of a GIF.
        assert np.abs(last - image.repeat(2, 0).repeat(2, 1)).mean() < 8
