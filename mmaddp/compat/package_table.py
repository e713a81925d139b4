"""Entries of mmengine's package table, which resolves ``_base_ = 'package::config.py'``.

The table (``mmengine.config.utils.MODULE2PACKAGE``) maps an import name to the name that
mmengine looks up among the installed distributions, or, if there is none, among the modules.
"""

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path

from mmengine.config.utils import MODULE2PACKAGE


def find_lookup_name(module: str, distributions: Sequence[str], otherwise: str) -> str:
    """Choose the name under which mmengine finds a package's folder.

    Args:
        module (str): Import name of the package, e.g. ``'mmseg'``.
        distributions (Sequence[str]): Names of distributions that may hold it, best first.
        otherwise (str): Name for a package that no installed distribution holds as a folder: a
            source tree on the path or an editable installation. It must be importable and not
            be the name of a distribution.

    Returns:
        str: The first installed distribution that holds the folder, or ``otherwise``.
    """
    for name in distributions:
        try:
            folder = Path(str(distribution(name).locate_file(module)))
        except PackageNotFoundError:
            continue
        if folder.is_dir():
            return name
    return otherwise


def is_importable(module: str) -> bool:
    """Whether a top-level package is available; it is not imported."""
    try:
        return find_spec(module) is not None
    except ImportError:  # a finder that refuses it
        return False


def install() -> None:
    """Enter ``mmaddp`` and correct ``mmseg``, which the maintained forks distribute renamed.

    A module name is used where there is no distribution. Ours has the distribution's name, so
    upstream mmengine would look for an editable installation in ``site-packages``: a module
    inside the package leads it to the folder instead.
    """
    MODULE2PACKAGE['mmaddp'] = find_lookup_name('mmaddp', ['mmaddp'], 'mmaddp.version')
    if is_importable('mmseg'):
        MODULE2PACKAGE['mmseg'] = find_lookup_name(
            'mmseg', ['mmsegmentation', 'onedl-mmsegmentation'], 'mmseg'
        )
