"""Figures in PNG files."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mmaddp.utils.atomic import atomic_path


@contextmanager
def png_figure(file: Path, columns: int = 1, size: tuple[float, float] = (6, 3.6)) -> Iterator[Any]:
    """Draw a figure and write it, completely or not at all.

    Args:
        file (Path): PNG file; what is there under this name is replaced.
        columns (int): Panels side by side. Defaults to 1.
        size (tuple[float, float]): Width and height of a panel in inches. Defaults to (6, 3.6).

    Yields:
        list: The panels, matplotlib's axes.

    Raises:
        ValueError: The file does not end in ``.png``.
    """
    check_png(file)
    import matplotlib

    matplotlib.use('Agg')
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(
        1, columns, figsize=(size[0] * columns, size[1]), squeeze=False, layout='constrained'
    )
    try:
        yield list(axes.flat)
        file.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(file) as unfinished:
            figure.savefig(unfinished, format='png', dpi=100)
    finally:
        plt.close(figure)


def check_png(file: Path) -> None:
    """Raise ValueError for a file that does not end in ``.png``."""
    if file.suffix.lower() != '.png':
        raise ValueError(f'--out is a .png file, got {file}.')
