"""The report as Markdown and as one HTML file that needs nothing else."""

import base64
import html
from collections.abc import Mapping, Sequence
from pathlib import Path

from mmaddp.own.stage import Picture

_STYLE = (
    'body{font-family:sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}'
    'table{border-collapse:collapse;margin:1rem 0}'
    'td,th{border-bottom:1px solid #ccc;padding:.3rem .8rem .3rem 0;text-align:left;'
    'vertical-align:top}'
    'img{max-width:100%;image-rendering:pixelated}'
)


def markdown_page(
    title: str,
    tables: Mapping[str, Sequence[Sequence[str]]],
    pictures: Sequence[Picture],
    folder: str = 'report/',
) -> str:
    """The report as Markdown; pictures are links.

    Args:
        title (str): Heading.
        tables (Mapping): Title -> rows, the first being the head.
        pictures (Sequence[Picture]): The pictures.
        folder (str): What their links begin with. Defaults to 'report/'.
    """
    parts = [f'# {title}']
    parts += [f'## {name}\n\n{markdown_table(rows)}' for name, rows in tables.items()]
    for picture in pictures:
        link = f'![{picture.title}]({folder}{picture.file})'
        parts.append(f'## {picture.title}\n\n{picture.text}\n\n{link}')
    return '\n\n'.join(parts) + '\n'


def markdown_table(rows: Sequence[Sequence[str]]) -> str:
    """Rows as a table in Markdown, the first being the head."""
    head, *others = rows
    return '\n'.join(map(_markdown_row, [head, ['---'] * len(head), *others]))


def _markdown_row(cells: Sequence[str]) -> str:
    return '| ' + ' | '.join(cell.replace('|', '\\|') for cell in cells) + ' |'


def html_page(
    title: str,
    tables: Mapping[str, Sequence[Sequence[str]]],
    pictures: Sequence[Picture],
    folder: Path,
) -> str:
    """The report as one HTML file, pictures included.

    Args:
        title (str): Heading.
        tables (Mapping): Title -> rows, the first being the head.
        pictures (Sequence[Picture]): Their files lie in ``folder``.
        folder (Path): The folder.
    """
    shown = [_figure(picture, folder / picture.file) for picture in pictures]
    tabled = [_table(name, rows) for name, rows in tables.items()]
    body = '\n'.join([f'<h1>{html.escape(title)}</h1>', *shown, *tabled])
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}'
        f'</title><style>{_STYLE}</style></head><body>\n{body}\n</body></html>\n'
    )


def _figure(picture: Picture, file: Path) -> str:
    content = base64.b64encode(file.read_bytes()).decode()
    return (
        f'<h2>{html.escape(picture.title)}</h2><p>{html.escape(picture.text)}</p>'
        f'<img alt="{html.escape(picture.title)}" src="data:image/png;base64,{content}">'
    )


def _table(name: str, rows: Sequence[Sequence[str]]) -> str:
    head, *others = rows
    lines = [''.join(f'<th>{html.escape(cell)}</th>' for cell in head)]
    lines += [''.join(f'<td>{html.escape(cell)}</td>' for cell in row) for row in others]
    cells = ''.join(f'<tr>{line}</tr>' for line in lines)
    return f'<h2>{html.escape(name)}</h2><table>{cells}</table>'
