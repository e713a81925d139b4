import os

import numpy as np
import torch
from PIL import Image

from mmaddp.utils.images import image_grid, save_png, to_uint8


def test_bytes_are_truncated_not_rounded():
    image = torch.tensor([-0.5, 0.0, 0.9999 / 255, 1 / 255, 254.99 / 255, 1.0, 7.0]).view(1, 1, -1)
    values = to_uint8(image.expand(3, 1, -1))[0, :, 0].tolist()
    assert values == [0, 0, 0, 1, 254, 255, 255]


def test_png_holds_what_was_given(tmp_path):
    image = torch.rand(3, 5, 7)
    save_png(image, tmp_path / 'new' / 'image.png')
    assert np.array_equal(np.asarray(Image.open(tmp_path / 'new' / 'image.png')), to_uint8(image))
    assert [file.name for file in (tmp_path / 'new').iterdir()] == ['image.png']


def test_grid_is_row_by_row_and_zoomed():
    images = [torch.full((3, 2, 2), value) for value in (0.1, 0.2, 0.3)]
    sheet = image_grid(images, columns=2, zoom=3)
    assert sheet.shape == (3, 2 * 8 + 2, 2 * 8 + 2)
    torch.testing.assert_close(sheet[0, 4, [4, 12]], torch.tensor([0.1, 0.2]))
    torch.testing.assert_close(sheet[0, 12, 4], torch.tensor(0.3))


def test_two_writers_of_one_image_do_not_meet(tmp_path, monkeypatch):
    image, path = torch.rand(3, 5, 7), tmp_path / 'image.png'
    replace = os.replace

    def replace_after_another(source, target):
        monkeypatch.setattr(os, 'replace', replace)
        save_png(image, path)
        replace(source, target)

    monkeypatch.setattr(os, 'replace', replace_after_another)
    save_png(image, path)
    assert [file.name for file in tmp_path.iterdir()] == ['image.png']
