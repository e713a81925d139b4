"""Draw the badges of the first page: ``python docs/images/draw_badges.py [FOLDER]``.

Each says what a file of the repository says, so that a test can draw it again and compare.
"""

import argparse
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Pixels of a letter, and on both sides of a text.
LETTER, MARGIN = 6.6, 12
BADGE = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" aria-label="{name}: {value}">
<rect width="{width}" height="20" rx="3" fill="#26313d"/>
<path d="M{left} 0h{right_less}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3h-{right_less}z" fill="#3f7d4e"/>
<g fill="#fff" font-family="Verdana, DejaVu Sans, sans-serif" font-size="11" text-anchor="middle">
<text x="{middle_left}" y="14">{name}</text>
<text x="{middle_right}" y="14">{value}</text>
</g>
</svg>
"""  # noqa: E501


def facts() -> dict[str, str]:
    """What the badges say: licence, version, oldest Python and PyTorch."""
    setup = (ROOT / 'setup.py').read_text(encoding='utf-8')
    runtime = (ROOT / 'requirements' / 'runtime.txt').read_text(encoding='utf-8')
    version = (ROOT / 'mmaddp' / 'version.py').read_text(encoding='utf-8')
    return {
        'license': re.search(r"license='([^']+)'", setup)[1],
        'version': re.search(r"__version__ = '([^']+)'", version)[1],
        'python': re.search(r"python_requires='>=([\d.]+)'", setup)[1] + '+',
        'torch': re.search(r'^torch>=([\d.]+)', runtime, re.MULTILINE)[1] + '+',
    }


def badge(name: str, value: str) -> str:
    """An SVG of 20 pixels in height: the name on dark, the value on green."""
    left, right = (round(LETTER * len(text)) + MARGIN for text in (name, value))
    return BADGE.format(
        name=name,
        value=value,
        left=left,
        right_less=right - 3,
        width=left + right,
        middle_left=left / 2,
        middle_right=left + right / 2,
    )


def main() -> None:
    """Draw all badges."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('folder', nargs='?', type=Path, default=Path(__file__).parent)
    folder = parser.parse_args().folder
    for name, value in facts().items():
        (folder / f'badge_{name}.svg').write_text(badge(name, value), encoding='utf-8')


if __name__ == '__main__':
    main()
