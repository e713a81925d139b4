"""Make the training data of a judge that tells digits from what only resembles them.

    python tools/quickstart/make_judge_data.py --digits data/digits --untrained DIR --out data/judge

Copies the tree of real images with an eleventh class, ``none``: images whose patches are shuffled,
mixtures of two images of different classes, and outputs of an untrained network (split between
training and validation).
"""

import argparse
import os
import shutil
from pathlib import Path

import numpy as np
from PIL import Image

from mmaddp.datasets.seeding import sample_seeds

NO_DIGIT = 'none'


def read(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert('RGB'))


def shuffle_patches(image: np.ndarray, patch: int, rng: np.random.Generator) -> np.ndarray:
    """Put the square patches of an image (H, W, 3) into random order."""
    rows, columns = image.shape[0] // patch, image.shape[1] // patch
    patches = image.reshape(rows, patch, columns, patch, 3).swapaxes(1, 2)
    patches = patches.reshape(-1, patch, patch, 3)[rng.permutation(rows * columns)]
    patches = patches.reshape(rows, columns, patch, patch, 3).swapaxes(1, 2)
    return patches.reshape(image.shape)


def mix(first: np.ndarray, second: np.ndarray, patch: int, rng: np.random.Generator) -> np.ndarray:
    """Mix two images (H, W, 3): patch by patch, or half and half."""
    rows, columns = first.shape[0] // patch, first.shape[1] // patch
    if rng.random() < 0.5:
        take = rng.random((rows, columns)) < 0.5
    else:
        take = np.arange(rows)[:, None] * np.ones(columns) < rows / 2
        take = take if rng.random() < 0.5 else take.T
    take = np.kron(take.astype(bool), np.ones((patch, patch), bool))[..., None]
    return np.where(take, first, second)


def negatives(files: list[Path], patch: int, rng: np.random.Generator):
    """Yield pairs (name, image): of the real files in turn a shuffled image and a mixture."""
    for number, file in enumerate(files):
        image = read(file)
        if number % 2:
            yield f'shuffled_{number}.png', shuffle_patches(image, patch, rng)
            continue
        others = [other for other in files if other.parent != file.parent]
        other = read(others[rng.integers(len(others))])
        yield f'mixed_{number}.png', mix(image, other, patch, rng)


def make(digits: Path, untrained: Path, out: Path, patch: int, seed: int) -> None:
    """Write the tree to ``out``; it is complete or absent."""
    partial = out.with_name(f'.{out.name}.part')
    shutil.rmtree(partial, ignore_errors=True)
    made_up = sorted(untrained.glob('*.png'))
    if not made_up:
        raise SystemExit(f'make_judge_data: {untrained} holds no .png')
    for number, split in enumerate(('train', 'val')):
        rng = np.random.default_rng(sample_seeds(seed, 0, number).numpy)
        shutil.copytree(digits / split, partial / split)
        folder = partial / split / NO_DIGIT
        folder.mkdir()
        files = sorted((digits / split).glob('*/*.png'))
        for name, image in negatives(files, patch, rng):
            Image.fromarray(image).save(folder / name)
        for file in made_up[number::2]:
            shutil.copyfile(file, folder / f'untrained_{file.name}')
    shutil.rmtree(out, ignore_errors=True)
    os.replace(partial, out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('--digits', type=Path, required=True, help='tree with train/ and val/')
    parser.add_argument('--untrained', type=Path, required=True, help='folder of generated PNGs')
    parser.add_argument('--out', type=Path, required=True)
    parser.add_argument('--patch', type=int, default=8, help='pixels of a shuffled patch')
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args()
    make(args.digits, args.untrained, args.out, args.patch, args.seed)
    print(f'Wrote {args.out}')


if __name__ == '__main__':
    main()
