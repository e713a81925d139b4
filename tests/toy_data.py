"""Digits and their scenes: made once by each process of the tests, copied where they are needed."""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from mmaddp.datasets.preparation.pipeline import prepare
from mmaddp.datasets.preparation.sources import load_digits_source
from mmaddp.run.toys import SCENES


def copy_digits(folder: Path, size: int = 32, **scenes: int) -> Path:
    """Write the three data sets below a folder that may be changed.

    Args:
        folder (Path): A folder that does not exist.
        size (int): Pixels of a digit on each side; scenes have 64. Defaults to 32.
        **scenes (int): How many for ``train`` and ``val``. Defaults to those of the toys.

    Returns:
        Path: The folder.
    """
    scenes = scenes or SCENES
    return Path(shutil.copytree(_digits(size, scenes['train'], scenes['val']), folder))


@cache
def _digits(size: int, train: int, val: int) -> Path:
    folder = Path(tempfile.mkdtemp(prefix='toys-'))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    scenes = dict(train=train, val=val)
    prepare(folder / 'digits', load_digits_source(), 'digits', size, 64, scenes)
    return folder / 'digits'
