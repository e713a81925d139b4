import numpy as np
import pytest
from mmengine.dataset import ClassBalancedDataset, ConcatDataset
from mmengine.registry import DATASETS as MMENGINE_DATASETS
from mmengine.registry import init_default_scope
from PIL import Image
from toy_classification import CLASSES, COUNTS, write_images

from mmaddp.datasets import SeededDataset
from mmaddp.datasets.nesting import innermost_datasets
from mmaddp.datasets.preparation.pipeline import prepare
from mmaddp.datasets.preparation.sources import FASHION_CLASSES, load_fashion_mnist_source


@pytest.fixture
def root(tmp_path):
    return write_images(tmp_path)


def build(root, kind='CustomDataset', **kwargs):
    init_default_scope('mmpretrain')
    cfg = dict(type=f'mmaddp.{kind}', data_root=str(root), data_prefix='train', **kwargs)
    return MMENGINE_DATASETS.build(cfg)


def test_folder_of_folders(root):
    dataset = build(root)
    assert dataset.metainfo['classes'] == CLASSES and len(dataset) == sum(COUNTS)
    assert (dataset[0]['gt_label'], dataset[12]['gt_label'], dataset.max_label) == (0, 2, 2)


def test_meta_file(root):
    (root / 'meta.txt').write_text('owl/0.png 2\ncat/1.png 0\n')
    dataset = build(root, ann_file='meta.txt', classes=CLASSES)
    assert [dataset[i]['gt_label'] for i in range(2)] == [2, 0]
    assert dataset[0]['img_path'] == f'{root}/train/owl/0.png'


@pytest.mark.parametrize('layout', ['folders', 'meta file'])
def test_imagenet_in_both_layouts(tmp_path, layout):
    """Class folders in alphabetical order, or one folder and meta/train.txt."""
    names = [f'n{i:08}' for i in range(1000)]
    lines = [f'{"" if layout == "meta file" else name + "/"}{name}_0.JPEG' for name in names]
    for line in lines:
        (tmp_path / 'train' / line).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / 'train' / line).touch()
    if layout == 'meta file':
        (tmp_path / 'meta').mkdir()
        text = ''.join(f'{line} {i}\n' for i, line in enumerate(lines))
        (tmp_path / 'meta' / 'train.txt').write_text(text)
    init_default_scope('mmpretrain')
    dataset = MMENGINE_DATASETS.build(
        dict(type='mmaddp.ImageNet', data_root=str(tmp_path), split='train')
    )
    assert len(dataset) == 1000 and len(dataset.metainfo['classes']) == 1000
    assert dataset[7]['gt_label'] == 7 and dataset[7]['img_path'].endswith('n00000007_0.JPEG')


def test_empty_class_folder_is_named(root):
    for split in ('elk', 'yak'):
        (root / 'train' / split).mkdir()
    (root / 'train' / 'yak' / 'notes.txt').touch()
    with pytest.raises(ValueError, match=r'without an image: elk, yak\..*allow_empty'):
        build(root)
    assert len(build(root, allow_empty=True)) == sum(COUNTS)


@pytest.mark.parametrize(
    'lines, message',
    [
        ('cat/0.png 0\ndog/0.png 3\n', r'1 labels of .*meta\.txt.*first is 3 of .*dog/0\.png'),
        ('cat/0.png -1\n', 'first is -1'),
        ('cat/0.png 0\ncat/1.png\n', "line 2 is not .*'cat/1.png'"),
        ('cat/0.png cat\n', 'line 1 is not'),
        ('cat/0.png 0\n\ncat/1.png --1\n', "line 3 is not .*'cat/1.png --1'"),
        ('cat/0.png 1.0\n', 'line 1 is not'),
        ('0\n', 'line 1 is not'),
    ],
)
def test_wrong_lines_are_named(root, lines, message):
    (root / 'meta.txt').write_text(lines)
    with pytest.raises(ValueError, match=message):
        build(root, ann_file='meta.txt', classes=CLASSES)


@pytest.mark.parametrize('start', ['', '\ufeff'])
@pytest.mark.parametrize('end', ['\n', '\r\n'])
@pytest.mark.parametrize('last', ['', '\n', '  \n\n'])
def test_lists_of_any_editor(root, start, end, last):
    (root / 'train' / 'Käse').mkdir()
    Image.new('RGB', (8, 8)).save(root / 'train' / 'Käse' / 'bild 1.png')
    text = f'{start}Käse/bild 1.png 2{end}cat/1.png 0{last}'.encode()
    (root / 'meta.txt').write_bytes(text)
    dataset = build(root, ann_file='meta.txt', classes=CLASSES)
    found = [(dataset[i]['img_path'], dataset[i]['gt_label']) for i in range(len(dataset))]
    assert found == [(f'{root}/train/Käse/bild 1.png', 2), (f'{root}/train/cat/1.png', 0)]
    (root / 'meta.txt').write_bytes(text.replace(b' 2', b'').replace(b'.png 0', b'.png'))
    dataset = build(root, ann_file='meta.txt', with_label=False)
    assert dataset[0]['img_path'] == f'{root}/train/Käse/bild 1.png'


def test_lists_in_another_encoding_are_named(root):
    (root / 'meta.txt').write_bytes('Käse/0.png 1\n'.encode('latin-1'))
    with pytest.raises(ValueError, match=r'meta\.txt is not text in UTF-8'):
        build(root, ann_file='meta.txt', classes=CLASSES)


def test_wrappers_are_looked_through(root):
    first, second = build(root), build(root)
    wrapped = SeededDataset(ConcatDataset([first, second]))
    assert list(innermost_datasets(wrapped)) == [first, second]
    assert list(innermost_datasets(ClassBalancedDataset(first, 0.5))) == [first]


def test_rare_classes_are_repeated_by_the_hosts_wrapper(root):
    """The option for unbalanced classes: classes below the threshold come more often."""
    for number in range(5, 45):
        Image.new('RGB', (8, 8)).save(root / 'train' / 'cat' / f'{number}.png')
    wrapper = dict(type='ClassBalancedDataset', oversample_thr=0.3)
    cfg = dict(type='mmaddp.CustomDataset', data_root=str(root), data_prefix='train')
    init_default_scope('mmpretrain')
    dataset = SeededDataset(dict(wrapper, dataset=cfg))
    labels = [dataset[i]['gt_label'] for i in range(len(dataset))]
    counts = np.bincount(labels)
    assert counts[0] == 45 and counts[1] > 4 and counts[2] > 4
    assert dataset.metainfo['classes'] == CLASSES


def test_fashion_mnist(tmp_path):
    """Debian's four files, made here with three pictures a split, become a tree to train on."""
    for prefix, count in (('train', 30), ('t10k', 10)):
        labels = np.arange(count, dtype=np.uint8) % 10
        images = np.random.default_rng(0).integers(0, 256, (count, 28, 28), np.uint8)
        for kind, values in (('images-idx3', images), ('labels-idx1', labels)):
            header = np.array([0x800 + values.ndim, *values.shape], '>u4').tobytes()
            (tmp_path / f'{prefix}-{kind}-ubyte').write_bytes(header + values.tobytes())
    source = load_fashion_mnist_source(tmp_path)
    made = tmp_path / 'made'
    prepare(made, source, 'fashion-mnist', 32, 64, dict(train=1, val=1))
    dataset = build(made / 'classification', classes=FASHION_CLASSES)
    assert len(dataset) == 30 and dataset.metainfo['classes'] == FASHION_CLASSES
    listed = build(made / 'classification', classes=FASHION_CLASSES, ann_file='meta/train.txt')
    assert [listed[i]['gt_label'] for i in range(30)] == sorted(list(range(10)) * 3)


def test_linked_class_folders(root, tmp_path):
    (tmp_path / 'linked').mkdir()
    for name in CLASSES:
        (tmp_path / 'linked' / name).symlink_to(root / 'train' / name, target_is_directory=True)
    dataset = MMENGINE_DATASETS.build(
        dict(type='mmaddp.CustomDataset', data_root=str(tmp_path), data_prefix='linked')
    )
    assert dataset.metainfo['classes'] == CLASSES and len(dataset) == sum(COUNTS)


@pytest.mark.parametrize('filled', [True, False])
def test_hidden_folders_are_no_classes(root, filled):
    hidden = root / 'train' / '.ipynb_checkpoints'
    hidden.mkdir()
    if filled:
        Image.new('RGB', (8, 8)).save(hidden / 'a-checkpoint.png')
    assert build(root).metainfo['classes'] == CLASSES
    assert len(build(root, with_label=False)) == sum(COUNTS)


def test_pictures_of_every_kind_count_and_the_rest_is_named(root, log_lines):
    for suffix in ('webp', 'tiff', 'JFIF', 'heic'):
        (root / 'train' / 'cat' / f'more.{suffix}').touch()
    (root / 'train' / 'stray.png').touch()
    dataset = build(root)
    assert len(dataset) == sum(COUNTS) + 3
    (said,) = [line for line in log_lines if 'passed over' in line]
    assert '1 ending in .heic;' in said
    assert '1 beside the class folders (stray.png)' in said
    assert len(build(root, with_label=False)) == sum(COUNTS) + 4


def test_order_is_that_of_the_classes(root):
    """By class, then by name: not by the whole path, where '-' comes before '/'."""
    (root / 'train' / 'cat-like').mkdir()
    for name in ('b.png', 'a.png'):
        (root / 'train' / 'cat-like' / name).touch()
    dataset = build(root)
    labels = [dataset.get_data_info(i)['gt_label'] for i in range(len(dataset))]
    assert labels == sorted(labels)
    paths = [dataset.get_data_info(i)['img_path'] for i in range(COUNTS[0], COUNTS[0] + 2)]
    assert [path.rpartition('/')[2] for path in paths] == ['a.png', 'b.png']


def test_no_picture_at_all(tmp_path):
    (tmp_path / 'train').mkdir()
    with pytest.raises(ValueError, match=r'train.* holds no picture in class folders'):
        build(tmp_path)
    with pytest.raises(ValueError, match=r'train.* holds no picture at any depth'):
        build(tmp_path, with_label=False)
