"""Beside each picture on the pages stands its command; links lead to headings that are there."""

import re
import subprocess
import sys

import pytest
from named_things import FENCE, PAGES, ROOT
from page_commands import lines

IMAGES = ROOT / 'docs' / 'images'
SHOWN = re.compile(r'!\[[^\]]*\]\((?:docs/)?(images/[\w.-]+)\)')
HEADING = re.compile(r'^#{1,6} (.+)$', re.MULTILINE)
every_page = pytest.mark.parametrize('page', PAGES, ids=lambda page: page.name)


def without_command(text):
    """Pictures in whose section no command or script stands that makes pictures."""
    wrong = []
    text = FENCE.sub(lambda block: re.sub('^#', ' #', block[0], flags=re.MULTILINE), text)
    for section in re.split(r'^#{1,6} ', text, flags=re.MULTILINE):
        if not any(lines(re.sub(r'\\\n\s*', ' ', section))):
            wrong += SHOWN.findall(section)
    return wrong


def anchors(text):
    """What links to a page may end with; a page may consist of another file."""
    for name in re.findall(r'^--8<-- "([\w.]+)"', text, re.MULTILINE):
        text += (ROOT / name).read_text()
    found = set(re.findall(r'<a id="([\w-]+)"', text))
    for heading in HEADING.findall(FENCE.sub('', text)):
        plain = re.sub(r'\[([^\]]*)\]\([^)]*\)', r'\1', heading).lower()
        found.add(re.sub(r'[\s-]+', '-', re.sub(r'[^\w\s-]', '', plain)).strip('-'))
    return found


def broken_anchors(page):
    text = page.read_text()
    links = re.findall(r'\]\(([^)#\s]*)#([^)\s]+)\)', text)
    local = [(file, anchor) for file, anchor in links if '://' not in file]
    return [
        f'{file}#{anchor}'
        for file, anchor in local
        if anchor not in anchors((page.parent / file).read_text() if file else text)
    ]


@every_page
def test_a_command_stands_next_to_each_picture(page):
    assert not without_command(page.read_text())


@every_page
def test_links_lead_to_headings(page):
    assert not broken_anchors(page)


def test_every_picture_is_shown():
    shown = {name for page in PAGES for name in SHOWN.findall(page.read_text())}
    files = {f'images/{path.name}' for path in IMAGES.iterdir() if path.suffix != '.py'}
    assert files - {'images/__pycache__'} == shown


@pytest.mark.parametrize('script', ['draw_badges.py', 'draw_method.py'])
def test_drawings_are_those_of_their_script(script, tmp_path):
    """Those of matplotlib change with its version, so only that they are made."""
    subprocess.run([sys.executable, IMAGES / script, tmp_path], check=True)
    drawn = sorted(tmp_path.iterdir())
    assert len(drawn) >= 2 and all((IMAGES / file.name).is_file() for file in drawn)
    if script == 'draw_badges.py':
        assert all(file.read_bytes() == (IMAGES / file.name).read_bytes() for file in drawn)


def test_what_is_wrong_is_found(tmp_path):
    page = tmp_path / 'page.md'
    page.write_text(
        '# A page\n`mmaddp test C W`\n## Next\n![x](images/a.png)\n[a](#a-page) [b](#b)'
    )
    assert without_command(page.read_text()) == ['images/a.png']
    assert broken_anchors(page) == ['#b']
