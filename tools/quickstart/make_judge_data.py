"""Make the training data of a judge that tells digits from lookalikes.

    python tools/quickstart/make_judge_data.py --digits data/digits --untrained DIR --out data/judge

Copies the tree of real images with an eleventh class, ``none``: images whose patches are shuffled,
mixtures of two images of different classes, and outputs of an untrained network (split between
training and validation).
"""

import shutil
import sys
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.append(str(Path(__file__).resolve().parents[2]))

from mmaddp.run.argument_types import path, positive, seed
from mmaddp.run.arguments import ToolParser
from mmaddp.run.user_errors import user_errors
from mmaddp.utils.own_folders import new_folder

NO_DIGIT = 'none'


def read(path: Path) -> np.ndarray:
    """Read a picture as RGB, (H, W, 3)."""
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
    """Write the complete tree to ``out``, which must be absent or empty.

    Raises:
        OSError: ``out`` holds something, or writing failed.
        ValueError: ``untrained`` holds no PNG.
    """
    made_up = sorted(untrained.glob('*.png'))
    if not made_up:
        raise ValueError(f'{untrained} holds no .png')
    with new_folder(out, 'make_judge_data') as folder:
        fill(folder, digits, made_up, patch, seed)


def fill(out: Path, digits: Path, made_up: list[Path], patch: int, seed: int) -> None:
    """Write both splits."""
    from mmaddp.datasets.seeding import sample_seeds

    for number, split in enumerate(('train', 'val')):
        rng = np.random.default_rng(sample_seeds(seed, 0, number).numpy)
        shutil.copytree(digits / split, out / split)
        folder = out / split / NO_DIGIT
        folder.mkdir()
        files = sorted((digits / split).glob('*/*.png'))
        for name, image in negatives(files, patch, rng):
            Image.fromarray(image).save(folder / name)
        for file in made_up[number::2]:
            shutil.copyfile(file, folder / f'untrained_{file.name}')


def main() -> None:
    """Run the tool."""
    parser = ToolParser(__doc__)
    parser.add_argument('--digits', type=path, required=True, help='tree with train/ and val/')
    parser.add_argument('--untrained', type=path, required=True, help='folder of generated PNGs')
    parser.add_argument('--out', type=path, required=True, help='folder to make')
    parser.add_argument('--patch', type=positive, default=8, help='pixels of a patch, default 8')
    parser.add_argument('--seed', type=seed, default=0, help='of shuffling and mixing, default 0')
    args = parser.parse_args()
    with user_errors('make_judge_data', args.traceback):
        make(args.digits, args.untrained, args.out, args.patch, args.seed)
    print(f'Wrote {args.out}')


if __name__ == '__main__':
    main()
