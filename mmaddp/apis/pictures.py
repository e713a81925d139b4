"""Writing pictures that a model has made."""

from collections.abc import Sequence
from pathlib import Path
from typing import Union

from torch import Tensor

from mmaddp.utils.images import image_grid, save_png


def write_pictures(
    pictures: Sequence[Tensor], target: Union[str, Path], columns: int
) -> list[Path]:
    """Write pictures on one sheet, or each into a file.

    Args:
        pictures (Sequence[Tensor]): RGB in [0, 1], shape (3, H, W), all of one size.
        target (str | Path): File of a sheet, which ends in ``.png``; or a folder, for ``0000.png``,
            ``0001.png``, ... What is there under these names is replaced.
        columns (int): Pictures in a row of the sheet.

    Returns:
        list[Path]: What was written.
    """
    path = Path(target).expanduser()
    if path.suffix.lower() == '.png':
        path.parent.mkdir(parents=True, exist_ok=True)
        save_png(image_grid(pictures, columns), path)
        return [path]
    path.mkdir(parents=True, exist_ok=True)
    files = [path / f'{number:04}.png' for number in range(len(pictures))]
    for picture, file in zip(pictures, files):
        save_png(picture, file)
    return files
