"""Packaging. The package carries configs and tools in ``mmaddp/.mim``, as OpenMMLab's do."""

import os
import re
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
CARRIED = ('configs', 'tools', 'model-index.yml')
# Of use in a clone only: they make environments and folders beside themselves.
NOT_CARRIED = ('tools/quickstart', 'tools/quickstart.sh', 'tools/run_tests.sh', 'tools/setup')


def read_requirements(name):
    """Return the requirements of ``requirements/{name}.txt``, and of the files that it names."""
    text = (ROOT / 'requirements' / f'{name}.txt').read_text(encoding='utf-8')
    requirements = []
    for line in filter(None, (line.split('#')[0].strip() for line in text.splitlines())):
        if line.startswith('-r '):
            requirements += read_requirements(line[len('-r ') :].removesuffix('.txt'))
        else:
            requirements.append(line)
    return requirements


def read_version():
    """Return the version without importing the package."""
    text = (ROOT / 'mmaddp' / 'version.py').read_text(encoding='utf-8')
    return re.search(r"__version__ = '(.+)'", text).group(1)


def remove(path):
    """Remove a file, a link or a folder, if it is there."""
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.is_dir():
        shutil.rmtree(path)


def link(source, target):
    """Link ``target`` to ``source``, relatively."""
    target.symlink_to(os.path.relpath(source, target.parent), source.is_dir())


def not_packed(folder, names):
    """Names in a folder of the source that a wheel goes without."""
    left_out = {ROOT / name for name in NOT_CARRIED}
    caches = shutil.ignore_patterns('__pycache__', '*.pyc')(folder, names)
    return caches | {name for name in names if Path(folder, name) in left_out}


def copy(source, target):
    """Copy a file or a folder to where a wheel is made."""
    if source.is_dir():
        shutil.copytree(source, target, ignore=not_packed)
    else:
        shutil.copy2(source, target)


class BuildWithMim(build_py):
    """Adds ``.mim``: copies in a wheel, links in an editable installation."""

    def run(self):
        super().run()
        package = ROOT / 'mmaddp' if self.editable_mode else Path(self.build_lib) / 'mmaddp'
        folder = package / '.mim'
        remove(folder)
        folder.mkdir(parents=True)
        for name in CARRIED:
            (link if self.editable_mode else copy)(ROOT / name, folder / name)


FAMILIES = {name: read_requirements(name) for name in ('onedl', 'openmmlab')}

setup(
    name='mmaddp',
    version=read_version(),
    description='ADDP: representations for recognition and generation, on OpenMMLab',
    long_description=(ROOT / 'README.md').read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    packages=find_packages(include=['mmaddp', 'mmaddp.*']),
    python_requires='>=3.10',
    install_requires=read_requirements('runtime'),
    extras_require={
        **FAMILIES,
        'tests': [
            line
            for name in ('tests', 'export', 'channels', 'web', 'trackio')
            for line in read_requirements(name)
        ],
        'optional': read_requirements('optional'),
        'channels': read_requirements('channels'),
        'export': read_requirements('export'),
        'web': read_requirements('web'),
        'trackio': read_requirements('trackio'),
    },
    entry_points={'console_scripts': ['mmaddp = mmaddp.cli:main']},
    cmdclass={'build_py': BuildWithMim},
    zip_safe=False,
)
