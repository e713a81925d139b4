"""The pictures of class folders, with the names of the folders as labels."""

from collections.abc import Collection
from pathlib import Path
from typing import Union

from mmaddp.utils.listing import list_class_folders, list_pictures, say_passed_over


def list_labelled_pictures(
    folder: Union[str, Path], suffixes: Collection[str]
) -> tuple[list[tuple[str, int]], dict[str, int]]:
    """List the pictures of class folders; the log says what was passed over.

    Args:
        folder (str | Path): Holds a folder for each class; links to folders count.
        suffixes (Collection[str]): Suffixes of pictures, in lower case.

    Returns:
        tuple: Paths below ``folder`` with their labels, class by class; the label of each class,
        which count from 0 in alphabetical order of the names.

    Raises:
        OSError: A folder cannot be read.
    """
    labels = {name: label for label, name in enumerate(list_class_folders(folder))}
    found = list_pictures(folder, suffixes, say=False)
    samples = []
    for file in sorted(found.files, key=lambda file: file.partition('/')):
        name, separator, _ = file.partition('/')
        if separator:
            samples.append((file, labels[name]))
        else:
            found.pass_over(file, 'beside the class folders')
    say_passed_over(found)
    return samples, labels
