"""Which files of a folder are pictures."""

import logging
import os
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional, Union

from mmengine.logging import print_log

SUFFIXES = (
    *('.png', '.jpg', '.jpeg', '.jpe', '.jfif', '.webp', '.tif', '.tiff', '.bmp', '.dib', '.gif'),
    *('.ppm', '.pgm', '.pbm', '.pnm'),
)
"""Suffixes of picture files, in any case."""
# Folders that operating systems and NAS devices create among pictures.
FOREIGN_FOLDERS = ('__macosx', '@eadir', '$recycle.bin', 'system volume information', 'lost+found')
HIDDEN, ENDING, UNENDING = 'hidden', 'ending in', 'without a suffix'
# Number of names shown for each reason.
_SHOWN = 3


@dataclass
class Listing:
    """What a folder holds.

    Attributes:
        folder (Path): The folder.
        files (list[str]): Pictures, as paths below the folder with ``/``, in alphabetical order.
        passed_over (dict[str, list[str]]): Entries that are not pictures, by reason.
    """

    folder: Path
    files: list[str] = field(default_factory=list)
    passed_over: dict[str, list[str]] = field(default_factory=dict)

    def paths(self) -> list[Path]:
        """The pictures."""
        return [self.folder / file for file in self.files]

    def report(self) -> str:
        """One line that says how many entries were passed over and why; empty if none were."""
        parts = []
        for reason, names in self.passed_over.items():
            shown = f'{", ".join(names[:_SHOWN])}{", ..." * (len(names) > _SHOWN)}'
            parts.append(f'{len(names)} {reason}' + f' ({shown})' * (not _is_plain(reason)))
        number = sum(map(len, self.passed_over.values()))
        text = f'{self.folder}: {number} passed over: {"; ".join(parts)}.' if parts else ''
        return text.encode(errors='backslashreplace').decode()  # names that are not valid UTF-8

    def pass_over(self, name: str, reason: str) -> None:
        """Record an entry that is not a picture."""
        self.passed_over.setdefault(reason, []).append(name)


def list_pictures(
    folder: Union[str, Path], suffixes: Collection[str] = SUFFIXES, say: bool = True
) -> Listing:
    """List the pictures of a folder, at any depth; the whole project uses this function.

    A picture is a file, or a link to one, whose name ends in one of ``suffixes`` in any case. Links
    to folders are followed, except back to a folder that holds them. Hidden files and folders
    (``.DS_Store``, ``._photo.jpg``, ``.ipynb_checkpoints``) and the folders of
    ``FOREIGN_FOLDERS`` are passed over, and so is everything that is not a picture. One log line
    says how many and why.

    Args:
        folder (str | Path): The folder.
        suffixes (Collection[str]): Suffixes of pictures, in lower case. Defaults to ``SUFFIXES``.
        say (bool): Whether to write the log line. Defaults to True.

    Returns:
        Listing: The pictures, and what was passed over.

    Raises:
        OSError: A folder cannot be read; the error names it.
    """
    found = Listing(Path(folder))
    _walk(found, '', tuple(suffixes), [_identity(os.stat(folder))])
    found.files.sort()
    if say:
        say_passed_over(found)
    return found


def say_passed_over(found: Listing) -> None:
    """Log the line of :meth:`Listing.report`, if there is one."""
    if found.passed_over:
        print_log(found.report(), logger='current', level=logging.WARNING)


def list_class_folders(folder: Union[str, Path]) -> list[str]:
    """Names of the subfolders, links to folders included, hidden and foreign ones left out."""
    with os.scandir(folder) as entries:
        return sorted(e.name for e in entries if e.is_dir() and not _is_foreign_folder(e.name))


def holds_a_file(folder: Union[str, Path], suffix: str = '') -> bool:
    """Whether a folder holds a file that is not hidden, at any depth, links followed.

    Args:
        folder (str | Path): The folder; it need not exist.
        suffix (str): Suffix that the file must have. Defaults to '', any file.
    """
    seen: set[tuple[int, int]] = set()
    for parent, folders, files in os.walk(folder, followlinks=True):
        if any(name.endswith(suffix) and not name.startswith('.') for name in files):
            return True
        identity = _identity(os.stat(parent))
        folders[:] = () if identity in seen else sorted(folders)
        seen.add(identity)
    return False


def is_picture_name(name: str, suffixes: Collection[str] = SUFFIXES) -> bool:
    """Whether a file of this name counts as a picture."""
    return not name.startswith('.') and name.lower().endswith(tuple(suffixes))


def _walk(found: Listing, below: str, suffixes: tuple[str, ...], above: list[tuple]) -> None:
    """List a folder; ``above`` identifies it and its parent folders."""
    with os.scandir(found.folder / below) as scan:
        entries = sorted(scan, key=lambda entry: entry.name)
    for entry in entries:
        name = f'{below}{entry.name}'
        # Only links and folders cost a file system call; millions of plain files do not.
        try:
            is_folder, is_file = entry.is_dir(), entry.is_file()
            leads_nowhere = not (is_folder or is_file) and not os.path.exists(entry.path)
        except OSError:
            leads_nowhere = True
        if leads_nowhere and entry.name.startswith('.'):
            reason = HIDDEN  # an editor's lock, for instance
        elif leads_nowhere:
            reason = 'links that lead nowhere'
        elif is_folder:
            reason = _walk_folder(found, name, suffixes, above, _identity(entry.stat()))
        else:
            reason = _reason_against_file(entry.name, is_file, suffixes)
            if reason is None:
                found.files.append(name)
        if reason:
            found.pass_over(name, reason)


def _walk_folder(
    found: Listing, name: str, suffixes: tuple[str, ...], above: list[tuple], identity: tuple
) -> Optional[str]:
    """List a subfolder; return the reason if it is passed over."""
    last = name.rpartition('/')[2]
    if _is_foreign_folder(last):
        return 'hidden or foreign folders'
    if identity in above:
        return 'links back to a folder that holds them'
    number = len(found.files)
    _walk(found, f'{name}/', suffixes, [*above, identity])
    is_empty = len(found.files) == number
    return 'folders named like pictures' if is_empty and is_picture_name(last, suffixes) else None


def _reason_against_file(name: str, is_file: bool, suffixes: tuple[str, ...]) -> Optional[str]:
    if name.startswith('.'):
        return HIDDEN
    if not is_picture_name(name, suffixes):
        suffix = Path(name).suffix
        return f'{ENDING} {suffix}' if suffix else UNENDING
    return None if is_file else 'no files (pipes, devices)'


def _is_plain(reason: str) -> bool:
    """Whether the names of such entries are of no interest."""
    return reason == HIDDEN or reason.startswith((ENDING, UNENDING))


def _is_foreign_folder(name: str) -> bool:
    return name.startswith('.') or name.lower() in FOREIGN_FOLDERS


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino
