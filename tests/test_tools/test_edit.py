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
def edit(call_tool, tmp_path):
    """Call the tool with an untrained checkpoint, in an empty folder."""
    model = MODELS.build(Config.fromfile(CONFIG).model)
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'addp.pth')

    def run(*arguments):
        return call_tool('edit.py', CONFIG, 'addp.pth', *arguments)

    return run


@pytest.fixture
def photos(tmp_path):
    rng = np.random.default_rng(0)
    for name, size in (('a', (40, 60)), ('b', (32, 32))):
        Image.fromarray(rng.integers(0, 256, (*size, 3), dtype=np.uint8)).save(
            tmp_path / f'{name}.jpg'
        )
    mask = np.zeros((32, 32), np.uint8)
    mask[:, 20:] = 255
    Image.fromarray(mask).save(tmp_path / 'mask.png')
    Image.fromarray(mask[:, 1:]).save(tmp_path / 'narrow.png')
    return 'a.jpg', 'b.jpg'


@pytest.mark.parametrize(
    'options, sheet',
    [
        (('--mask', 'mask.png', '--dilation', 2), (4, 2)),
        (('--outpaint', 4, 0, 8, 2), (4, 2)),
        (('--mask-ratio', 0.5), (3, 2)),
        (('--strengths', 0.2, 0.8), (3, 4)),
    ],
)
def test_edits(edit, photos, tmp_path, options, sheet):
    done = edit(*photos, *options, '--versions', 2, '--out', 'new', '--steps', 3)
    assert done.returncode == 0, done.stdout
    versions = 4 if '--strengths' in options else 2
    names = [f'{stem}{k}.png' for stem in 'ab' for k in ('', *(f'_{v}' for v in range(versions)))]
    assert sorted(f.name for f in (tmp_path / 'new').iterdir()) == sorted(
        [*names, 'sheet.png', 'manifest.json']
    )
    size = Image.open(tmp_path / 'new' / 'sheet.png').size
    assert size == tuple(34 * number + 2 for number in sheet)
    versions = [np.asarray(Image.open(tmp_path / 'new' / f'b_{k}.png'), int) for k in range(2)]
    assert not np.array_equal(*versions)
    if '--mask' in options:
        kept = np.asarray(Image.open(tmp_path / 'new' / 'b.png'), int)[:, :12]
        assert all(np.array_equal(version[:, :12], kept) for version in versions)


@pytest.mark.parametrize(
    'options, message',
    [
        (('--mask', 'narrow.png'), 'narrow.png has 31 x 32 pixels, but the images of this model'),
        (('--mask', 'absent.png'), 'There is no mask absent.png'),
        (('--outpaint', 20, 0, 12, 0), '--outpaint 20 0 12 0 does not fit an image of 32 x 32'),
        (
            ('--strengths', 0.5, '--mask', 'mask.png'),
            '--mask not allowed with argument',
        ),
        ((), 'one of the arguments --mask-ratio --mask --outpaint --strengths is required'),
        (('--mask-ratio', 2), '--mask-ratio must be from 0 to 1, got 2.0'),
        (('--mask-ratio', 0.5, '--seed', -1), '--seed must be from 0 to 4294967295, got -1'),
        (('--mask-ratio', 0.5, '--zoom', 0), '--zoom must be at least 1, got 0'),
        (('--mask-ratio', 0.5, '--versions', 0), '--versions must be at least 1, got 0'),
        (('--mask-ratio', 0.5, '--out', '.'), 'holds files: choose an empty or new folder'),
    ],
)
def test_bad_edits(edit, photos, options, message):
    done = edit(*photos, '--out', 'new', *options)
    assert done.returncode == 1 and message in done.stdout.splitlines()[-1], done.stdout


def content(folder):
    return {path.name: path.read_bytes() for path in folder.glob('*.png')}


def test_goes_on_where_it_was_stopped(edit, photos, tmp_path):
    options = ('--mask', 'mask.png', '--versions', 2, '--out', 'new', '--steps', 3)
    assert edit(*photos, *options).returncode == 0
    whole = content(tmp_path / 'new')
    for name in ('b.png', 'b_1.png', 'sheet.png'):
        (tmp_path / 'new' / name).unlink()
    done = edit(*photos, *options)
    assert done.returncode == 0, done.stdout
    assert content(tmp_path / 'new') == whole
    (tmp_path / 'new' / 'sheet.png').unlink()
    Image.new('RGB', (40, 40)).save(tmp_path / 'a.jpg')
    done = edit(*photos, *options)
    assert done.returncode == 1 and 'was made with other settings: files.a.jpg' in done.stdout
    done = edit(*photos, *options, '--seed', 1)
    assert done.returncode == 1 and 'was made with other settings' in done.stdout
    assert not (tmp_path / 'new' / 'sheet.png').exists()


def test_pictures_of_one_name(edit, photos, tmp_path):
    (tmp_path / 'x').mkdir()
    (tmp_path / 'b.jpg').rename(tmp_path / 'x' / 'a.jpg')
    options = ('--mask-ratio', 0.5, '--versions', 1, '--steps', 2)
    done = edit('a.jpg', 'x/a.jpg', *options, '--out', 'new')
    assert done.returncode == 0, done.stdout
    assert len(content(tmp_path / 'new')) == 5
    (tmp_path / 'a.jpg').rename(tmp_path / 'sheet.jpg')
    (tmp_path / 'x' / 'a.jpg').rename(tmp_path / 'c_0.jpg')
    (tmp_path / 'c.jpg').write_bytes((tmp_path / 'c_0.jpg').read_bytes())
    for names in (('sheet.jpg',), ('c.jpg', 'c_0.jpg')):
        done = edit(*names, *options, '--out', 'other')
        assert done.returncode == 1 and 'Two pictures would be written to' in done.stdout
    assert not (tmp_path / 'other').exists()
