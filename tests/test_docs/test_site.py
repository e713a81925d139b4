"""The site builds without a warning, needs no network, and shows what the package offers."""

import importlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import without_network

ROOT = Path(__file__).parents[2]
DOCS = ROOT / 'docs'


def navigation():
    """Files that the site's menu names."""
    text = (ROOT / 'mkdocs.yml').read_text()
    return re.findall(r'[\w/]+\.md', text[text.index('\nnav:') :])


@pytest.fixture(scope='module')
def site(tmp_path_factory):
    """The built site, of a copy without what building leaves behind.

    Where the system allows it, it is built where there is no network.
    """
    folder = tmp_path_factory.mktemp('site')
    shutil.copytree(DOCS, folder / 'docs')
    for name in ('mkdocs.yml', 'CONTRIBUTING.md', 'CHANGELOG.md'):
        shutil.copy(ROOT / name, folder)
    (folder / 'mmaddp').symlink_to(ROOT / 'mmaddp')
    built = subprocess.run(
        [*without_network.prefix(), sys.executable, '-m', 'zensical', 'build', '--strict'],
        cwd=folder,
        env=without_network.environment(folder / 'asked.txt'),
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return folder / 'site'


def test_every_page_is_in_the_menu():
    pages = {str(path.relative_to(DOCS)) for path in DOCS.rglob('*.md')}
    assert sorted(navigation()) == sorted(pages)


def test_the_first_page_is_the_readme():
    sys.path.insert(0, str(DOCS))
    try:
        turn = importlib.import_module('make_index').seen_from_docs
    finally:
        sys.path.remove(str(DOCS))
    assert (DOCS / 'index.md').read_text() == turn((ROOT / 'README.md').read_text())


@pytest.mark.slow
def test_building_needs_no_network(site):
    assert (site / 'index.html').is_file()
    assert not (site.parent / 'asked.txt').read_text()
    if not without_network.prefix():
        pytest.skip('network namespaces are not allowed here; nobody was asked')


@pytest.mark.slow
def test_pages_load_nothing_from_elsewhere(site):
    for page in site.rglob('*.html'):
        loaded = re.findall(
            r'<(?:script|img|iframe)[^>]*src="?(https?:)|<link[^>]*rel="?stylesheet"?[^>]*href="?(https?:)',
            page.read_text(),
        )
        assert not loaded, page


@pytest.mark.slow
def test_links_lead_somewhere(site):
    for page in site.rglob('*.html'):
        for link in re.findall(r'(?:href|src)="([^"#:?]+)[#"]', page.read_text()):
            assert (page.parent / link).exists() or link.startswith('/'), (page.name, link)


@pytest.mark.slow
@pytest.mark.parametrize(
    'room',
    ['apis', 'datasets', 'engine.hooks', 'evaluation', 'models.selfsup', 'models.task_modules'],
)
def test_reference_shows_what_a_room_offers(site, room):
    page = (site / 'reference' / f'{room.split(".")[0]}.html').read_text()
    module = importlib.import_module(f'mmaddp.{room}')
    names = [name for name in module.__all__ if callable(getattr(module, name))]
    assert names
    shown = re.findall(rf'id="mmaddp\.{room}\.([\w.]+)"', page)
    assert [name for name in names if not {name, f'{name}.{name}'} & {*shown}] == []
