"""Draw the page of ``mmaddp web``, for docs/web.md: a browser uses it as a person would.

    python docs/images/draw_web.py my_model my_classifier my_detector my_segmentor --picture FILE

Writes ``web_generate.png``, ``web_edit.png`` and ``web_look.png``. Needs Chromium and playwright.
"""

import argparse
import shutil
import threading
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from mmaddp.web.limits import Limits
from mmaddp.web.menu import named
from mmaddp.web.server import server_of
from mmaddp.web.site import Site
from mmaddp.web.start import listen

FOLDER = Path(__file__).parent
VIEW = dict(width=1280, height=900)
# Strokes of the brush, in shares of the side of the picture.
STROKES = (((0.3, 0.35), (0.7, 0.35)), ((0.3, 0.5), (0.7, 0.5)))


def generate(page: Page) -> None:
    """Generate, and look at the steps of a picture."""
    page.get_by_role('button', name='Generate', exact=True).click()
    page.get_by_text('of seed').wait_for()
    page.locator('#steps img').wait_for()
    page.locator('#generated img').nth(4).click()
    page.get_by_text('Picture 4').wait_for()
    page.mouse.move(0, 0)


def edit(page: Page) -> None:
    """Paint over a part of that picture, and have it drawn anew."""
    page.get_by_role('button', name='Edit this picture').click()
    box = page.locator('#board .mask').bounding_box()
    for stroke in STROKES:
        points = [(box['x'] + x * box['width'], box['y'] + y * box['height']) for x, y in stroke]
        page.mouse.move(*points[0])
        page.mouse.down()
        page.mouse.move(*points[1], steps=10)
        page.mouse.up()
    page.locator('#edit-go').click()
    page.get_by_text('4 versions').wait_for()


def look(page: Page, picture: str) -> None:
    """Let all models look at a picture."""
    page.get_by_role('tab', name='Look').click()
    page.locator('#look-upload input[type=file]').set_input_files(picture)
    page.locator('#look-upload img').wait_for()
    page.locator('#look-go').click()
    page.get_by_role('button', name='All of it').and_(page.locator(':enabled')).wait_for()


def draw(page: Page, name: str) -> None:
    """Write what the browser shows."""
    page.evaluate('window.scrollTo(0, 0)')
    page.wait_for_timeout(500)
    page.screenshot(path=FOLDER / f'web_{name}.png', full_page=True)


def main() -> None:
    """Serve the page from a thread, and use it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('models', nargs='+')
    parser.add_argument('--picture', required=True)
    args = parser.parse_args()
    site = Site(named(args.models), Limits())
    with listen('127.0.0.1', 0) as listening, server_of(site, '127.0.0.1') as server:
        thread = threading.Thread(target=server.run, kwargs=dict(sockets=[listening]))
        thread.start()
        try:
            use(f'http://127.0.0.1:{listening.getsockname()[1]}/', args.picture)
        finally:
            server.should_exit = True
            thread.join()


def use(address: str, picture: str) -> None:
    """Do everything, and write what the browser shows."""
    with sync_playwright() as driver:
        file = shutil.which('chromium') or shutil.which('google-chrome')
        browser = driver.chromium.launch(executable_path=file, args=['--no-sandbox'])
        page = browser.new_page(viewport=VIEW)
        page.goto(address)
        generate(page)
        draw(page, 'generate')
        edit(page)
        draw(page, 'edit')
        page = browser.new_page(viewport=VIEW)
        page.goto(address)
        look(page, picture)
        draw(page, 'look')
        browser.close()


if __name__ == '__main__':
    main()
