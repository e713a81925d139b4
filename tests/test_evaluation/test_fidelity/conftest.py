import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def write_images(tmp_path):
    """Write a folder of random PNG files, ``number`` of them; return the folder."""

    def write(name, number, seed=0, size=12, top=256):
        rng = np.random.default_rng(seed)
        folder = tmp_path / name
        folder.mkdir(parents=True)
        for index in range(number):
            pixels = rng.integers(0, top, (size, size, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / f'{index:03d}.png')
        return folder

    return write
