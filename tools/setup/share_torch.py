"""Let another virtual environment use this one's torch and nothing else of it.

    .venv/bin/python tools/setup/share_torch.py .venv-other

Run it with the Python of the environment that has torch. The distributions that torch and
torchvision need are linked into a folder of the other environment, which a ``.pth`` file puts after
its own ``site-packages``: what is installed there comes first, and pip leaves the links alone.
"""

import sys
import sysconfig
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

sys.path.append(str(Path(__file__).resolve().parents[2]))

from mmaddp.run.argument_types import path
from mmaddp.run.arguments import ToolParser

SHARED = ('torch', 'torchvision')
# Small, and the package families may need different versions of them.
NOT_SHARED = {'numpy', 'pillow', 'setuptools'}


def applicable_requirements(requirement: Requirement) -> list[Requirement]:
    """What an installed distribution requires on this platform, its chosen extras included.

    Raises:
        PackageNotFoundError: If it is not installed.
    """
    lines = distribution(requirement.name).requires or []
    extras = requirement.extras or {''}
    return [
        needed
        for needed in map(Requirement, lines)
        if needed.marker is None or any(needed.marker.evaluate({'extra': e}) for e in extras)
    ]


def collect_distributions() -> set[str]:
    """Normalised names of the distributions that torch and torchvision need, and their own."""
    found, seen, pending = set(), set(), [Requirement(name) for name in SHARED]
    while pending:
        requirement = pending.pop()
        name = canonicalize_name(requirement.name)
        visit = (name, frozenset(requirement.extras))
        if visit in seen or name in NOT_SHARED:
            continue
        seen.add(visit)
        found.add(name)
        pending += applicable_requirements(requirement)
    return found


def link_distributions(names: set[str], folder: Path) -> None:
    """Link every top-level file and folder of the distributions into ``folder``.

    Links of an earlier call are replaced.

    Raises:
        FileExistsError: The folder holds something that is not a link.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for entry in folder.iterdir():
        if not entry.is_symlink():
            raise FileExistsError(f'{entry} is not a link of this script: remove or move it.')
        entry.unlink()
    for name in sorted(names):
        for file in distribution(name).files:
            top = file.parts[0]
            target = folder / top
            if top in ('..', '__pycache__') or target.is_symlink():
                continue
            target.symlink_to(Path(str(distribution(name).locate_file(top))).resolve())


def main() -> None:
    """Run the tool."""
    parser = ToolParser(__doc__)
    parser.add_argument('environment', type=path, help='folder of the other virtual environment')
    environment = parser.parse_args().environment.resolve()
    version = f'python{sys.version_info.major}.{sys.version_info.minor}'
    site = environment / Path(sysconfig.get_path('purelib')).relative_to(sys.prefix)
    if not site.is_dir():
        raise SystemExit(f'{environment} is not an environment of {version}')
    # mmengine takes what lies outside of a folder of this name for a part of Python itself.
    folder = environment / 'shared-torch' / 'site-packages'
    link_distributions(collect_distributions(), folder)
    (site / 'shared_torch.pth').write_text(f'{folder}\n')


if __name__ == '__main__':
    main()
