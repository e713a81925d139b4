"""Write the site's first page: ``python docs/make_index.py``.

It is the README with links as they are seen from ``docs/``.
"""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# Files outside docs/ that have a page of the site, and those that the site only names.
PAGES = {'CONTRIBUTING.md': 'contributing.md', 'CHANGELOG.md': 'changelog.md'}
NAMED = ('CITATION.cff', 'LICENSE')


def seen_from_docs(text: str) -> str:
    """Turn the links of a file in the root of the repository to those of a page in ``docs/``.

    Args:
        text: The file, in Markdown.

    Returns:
        str: The page.
    """
    for name, page in PAGES.items():
        text = text.replace(f']({name}', f']({page}')
    for name in NAMED:
        text = re.sub(rf'\[([^]]*)]\({name}\)', r'\1', text)
    return text.replace('](docs/', '](')


if __name__ == '__main__':
    readme = (ROOT / 'README.md').read_text(encoding='utf-8')
    (ROOT / 'docs' / 'index.md').write_text(seen_from_docs(readme), encoding='utf-8')
