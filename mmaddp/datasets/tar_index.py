"""Where the files of a tar archive lie, found once and kept beside it."""

import json
import os
import tarfile
from pathlib import Path
from typing import NamedTuple, Optional, Union

from mmengine.logging import print_log

from mmaddp.utils.atomic import write_text

SUFFIX = '.members.json'
FORMAT = 'mmaddp tar members 1'


class TarMember(NamedTuple):
    """A regular file in an uncompressed archive.

    Attributes:
        name (str): Its name in the archive.
        offset (int): Where its bytes begin.
        size (int): How many there are.
    """

    name: str
    offset: int
    size: int


def tar_members(archive: Union[str, Path]) -> list[TarMember]:
    """The files of an archive, in its order.

    The list is kept beside the archive (``NAME.members.json``) where that folder can be written
    to, and made anew when the archive has changed.

    Args:
        archive (str | Path): An uncompressed tar file.

    Raises:
        OSError: It cannot be read.
        ValueError: It is damaged, or compressed.
    """
    archive = Path(archive)
    state = archive.stat()
    stamp = dict(format=FORMAT, bytes=state.st_size, changed=state.st_mtime_ns)
    kept = archive.with_name(archive.name + SUFFIX)
    members = _read_kept(kept, stamp)
    if members is None:
        members = _list_members(archive)
        try:
            write_text(kept, json.dumps(dict(stamp, members=members)) + '\n')
        except OSError as error:
            print_log(f'The list of files of {archive} is not kept: {error}', logger='current')
    return members


def _list_members(archive: Path) -> list[TarMember]:
    members = []
    try:
        with tarfile.open(archive, 'r:') as tar:
            for member in tar:
                if member.isreg() and not member.issparse():
                    members.append(TarMember(member.name, member.offset_data, member.size))
                tar.members = []  # type: ignore[attr-defined]  # tarfile would keep all of them
    except tarfile.TarError as error:
        raise ValueError(
            f'{archive} is not an uncompressed tar file, or it is damaged: {error}.'
        ) from error
    if members and members[-1].offset + members[-1].size > archive.stat().st_size:
        raise ValueError(f'{archive} is truncated: it ends within {members[-1].name}.')
    return members


def _read_kept(kept: Path, stamp: dict) -> Optional[list[TarMember]]:
    """The list that was kept, None where there is none that belongs to the archive."""
    try:
        content = json.loads(kept.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(content, dict) or {key: content.get(key) for key in stamp} != stamp:
        return None
    members = content.get('members')
    if not isinstance(members, list) or not all(_is_member(m, stamp['bytes']) for m in members):
        return None
    return [TarMember(*member) for member in members]


def _is_member(value, size: int) -> bool:
    if not isinstance(value, list) or [type(part) for part in value] != [str, int, int]:
        return False
    return 0 <= value[1] <= value[1] + value[2] <= size and value[2] >= 0


def read_member(archive: Union[str, Path], offset: int, size: int) -> bytes:
    """The bytes of a member; fewer if the archive has become shorter."""
    with open(archive, 'rb', buffering=0) as file:
        return os.pread(file.fileno(), size, offset)
