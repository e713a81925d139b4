"""Folders of small made-up pictures."""

import numpy as np
from PIL import Image, ImageDraw


def shape(kind, rng, side=40, mode='RGB'):
    """A bright disc or box on a dark ground."""
    ground, colour = rng.integers(0, 90, 3), rng.integers(120, 256, 3)
    image = Image.new('RGB', (side, side), tuple(map(int, ground)))
    x, y = rng.integers(side // 20, side // 3, 2)
    length = int(rng.integers(side // 3, side // 2))
    pen = ImageDraw.Draw(image)
    draw = pen.ellipse if kind == 'disc' else pen.rectangle
    draw((x, y, x + length, y + length), fill=tuple(map(int, colour)))
    return image.convert(mode)


def write_shapes(folder, number=60, side=40, mode='RGB', suffix='.png'):
    """Write discs and boxes into two class folders."""
    rng = np.random.default_rng(0)
    for index in range(number):
        kind = ('disc', 'box')[index % 2]
        file = folder / kind / f'{index:03}{suffix}'
        file.parent.mkdir(parents=True, exist_ok=True)
        shape(kind, rng, side, mode).save(file)
    return folder
