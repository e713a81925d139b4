"""Files that the package brings along: its configs and tools."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]


def carried(name: str) -> Path:
    """Folder of the configs or the tools.

    An installation holds both in ``mmaddp/.mim``; in a clone that is not installed they lie beside
    the package.

    Args:
        name (str): 'configs' or 'tools'.
    """
    installed = PACKAGE / '.mim' / name
    return installed if installed.is_dir() else PACKAGE.parent / name
