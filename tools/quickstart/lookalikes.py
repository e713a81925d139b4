"""Pictures that are no digits, for a judge that tells the two apart."""

import shutil
from pathlib import Path

import numpy as np
from PIL import Image

from mmaddp.datasets.seeding import sample_seeds

NO_DIGIT = 'none'
PATCH = 8


def shuffle_patches(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Put the square patches of an image (H, W, 3) into random order."""
    rows, columns = image.shape[0] // PATCH, image.shape[1] // PATCH
    patches = image.reshape(rows, PATCH, columns, PATCH, 3).swapaxes(1, 2)
    patches = patches.reshape(-1, PATCH, PATCH, 3)[rng.permutation(rows * columns)]
    return patches.reshape(rows, columns, PATCH, PATCH, 3).swapaxes(1, 2).reshape(image.shape)


def mix(first: np.ndarray, second: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Mix two images (H, W, 3): patch by patch, or half and half."""
    rows, columns = first.shape[0] // PATCH, first.shape[1] // PATCH
    if rng.random() < 0.5:
        take = rng.random((rows, columns)) < 0.5
    else:
        take = np.arange(rows)[:, None] * np.ones(columns) < rows / 2
        take = take if rng.random() < 0.5 else take.T
    take = np.kron(take.astype(bool), np.ones((PATCH, PATCH), bool))[..., None]
    return np.where(take, first, second)


def negatives(files: list[Path], rng: np.random.Generator):
    """Yield pairs (name, image): of the real files in turn a shuffled image and a mixture."""
    images = [np.asarray(Image.open(file).convert('RGB')) for file in files]
    for number, (file, image) in enumerate(zip(files, images)):
        if number % 2:
            yield f'shuffled_{number}.png', shuffle_patches(image, rng)
            continue
        others = [n for n, other in enumerate(files) if other.parent != file.parent]
        yield f'mixed_{number}.png', mix(image, images[others[rng.integers(len(others))]], rng)


def write_tree(digits: Path, made_up: list[Path], out: Path, seed: int) -> None:
    """Copy a tree of digits with an eleventh class; outputs of a network are split evenly."""
    for number, split in enumerate(('train', 'val')):
        rng = np.random.default_rng(sample_seeds(seed, 0, number).numpy)
        folder = out / split / NO_DIGIT
        shutil.copytree(digits / split, out / split, dirs_exist_ok=True)
        folder.mkdir(exist_ok=True)
        for name, image in negatives(sorted((digits / split).glob('*/*.png')), rng):
            Image.fromarray(image).save(folder / name)
        for file in made_up[number::2]:
            shutil.copyfile(file, folder / f'untrained_{file.name}')
