import numpy as np
import pytest
import torch
from PIL import Image
from torch_fidelity.datasets import ImagesPathDataset
from torch_fidelity.utils import glob_samples_paths
from torchvision.transforms import CenterCrop, Compose, PILToTensor, Resize

from mmaddp.evaluation.fidelity import FolderImages


def test_order_and_pixels_are_those_of_torch_fidelity(write_images):
    write_images('set/b', 3, 0)
    folder = write_images('set/a', 2, 1).parent
    theirs = ImagesPathDataset(glob_samples_paths(str(folder), True, 'png,jpg,jpeg', None, False))
    blocks = list(FolderImages(folder).blocks(2))
    assert [block.tolist() for block, _ in blocks] == [[0, 1], [2, 3], [4]]
    assert torch.equal(torch.cat([images for _, images in blocks]), torch.stack(list(theirs)))


def test_folder_of_a_generation_run(write_images):
    folder = write_images('run/images', 3).parent
    write_images('run/other', 2)
    assert len(FolderImages(folder)) == 5
    Image.new('RGB', (99, 99)).save(folder / 'grid.png')
    assert len(FolderImages(folder)) == 3


def test_jpeg_is_refused_unless_forced(write_images):
    folder = write_images('real', 2)
    Image.new('RGB', (12, 12)).save(folder / 'photo.JPG', format='JPEG')
    with pytest.raises(ValueError, match=r'1 JPEG or WebP files \(photo.JPG.*--allow-lossy'):
        FolderImages(folder)
    assert len(FolderImages(folder, allow_lossy=True)) == 3


def test_resize_and_crop_as_torchvision_does_it(tmp_path):
    rng = np.random.default_rng(0)
    image = Image.fromarray(rng.integers(0, 256, (50, 37, 3), dtype=np.uint8))
    image.save(tmp_path / 'a.png')
    images = FolderImages(tmp_path, resize_and_crop=16)
    ((_, found),) = images.blocks(1)
    expected = Compose([Resize(16), CenterCrop(16), PILToTensor()])(image)
    assert torch.equal(found[0], expected)


def test_part_of_a_set_is_evenly_spaced(write_images):
    folder = write_images('real', 10)
    names = [file[-7:] for file in FolderImages(folder, num_images=4).files]
    assert names == ['000.png', '002.png', '005.png', '007.png']
    with pytest.raises(ValueError, match=r'11 images were asked for; .* holds 10'):
        FolderImages(folder, num_images=11)


def test_images_of_two_sizes(write_images):
    folder = write_images('real', 2)
    Image.new('RGB', (9, 8)).save(folder / 'small.png')
    with pytest.raises(ValueError, match=r'small.png has 9 x 8 pixels.*--resize-and-crop'):
        list(FolderImages(folder).blocks(8))


def test_broken_image_is_named(write_images):
    folder = write_images('real', 2)
    (folder / '001.png').write_bytes((folder / '001.png').read_bytes()[:60])
    with pytest.raises(ValueError, match=r'Cannot read the image .*001.png'):
        list(FolderImages(folder).blocks(8))


def test_no_images(tmp_path):
    with pytest.raises(FileNotFoundError, match='no folder of images'):
        FolderImages(tmp_path / 'absent')
    with pytest.raises(FileNotFoundError, match='holds no image'):
        FolderImages(tmp_path)


def test_the_listing_of_the_whole_project_counts(write_images, log_lines):
    folder = write_images('real', 2)
    for suffix in ('bmp', 'TIFF'):
        Image.new('RGB', (12, 12)).save(folder / f'more.{suffix}')
    (folder / '.DS_Store').touch()
    (folder / 'linked').symlink_to(write_images('store', 3), target_is_directory=True)
    assert len(FolderImages(folder)) == 7
    assert '1 passed over: 1 hidden.' in log_lines[0]
    Image.new('RGB', (12, 12)).save(folder / 'more.webp')
    with pytest.raises(ValueError, match=r'1 JPEG or WebP files \(more.webp'):
        FolderImages(folder)
