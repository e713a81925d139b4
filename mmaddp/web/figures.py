"""Pictures in the page, each with its caption, carried by the page itself."""

import base64
from collections.abc import Sequence
from typing import Any

import gradio as gr
import numpy as np

from mmaddp.web.files import png_bytes

_HTML = """
<div class="figures" style="grid-template-columns: repeat({{value.columns}}, minmax(0, 1fr))">
  {{#each value.pictures}}
    <figure data-place="{{@index}}">
      <img src="{{this.source}}" alt="{{this.title}}">
      <figcaption>{{this.title}}</figcaption>
    </figure>
  {{/each}}
</div>
"""
_CSS = """
.figures {display: grid; gap: 10px;}
.figures figure {margin: 0;}
.figures img {width: 100%; display: block; border-radius: 6px; image-rendering: pixelated;
  background: var(--background-fill-secondary);}
.figures figcaption {font-size: var(--text-sm); padding: 3px 2px; line-height: 1.3;
  color: var(--body-text-color-subdued);}
.figures figcaption:empty {display: none;}
.choosing img {cursor: pointer;}
.choosing figure:hover img {outline: 3px solid var(--color-accent);}
"""
_CHOOSE = """
element.classList.add('choosing');
element.addEventListener('click', (event) => {
  const figure = event.target.closest('figure');
  if (figure) trigger('select', {place: Number(figure.dataset.place)});
});
"""


def figure_sheet(choosing: bool = False, **settings: Any) -> gr.HTML:
    """A component that shows what :func:`figures` returns.

    Args:
        choosing (bool): Whether a click on a picture is an event, ``select``, whose ``place`` says
            which. Defaults to False.
        **settings: Others of ``gr.HTML``.
    """
    script = _CHOOSE if choosing else ''
    return gr.HTML(
        figures([]), html_template=_HTML, css_template=_CSS, js_on_load=script, **settings
    )


def figures(
    pictures: Sequence[np.ndarray], titles: Sequence[str] = (), columns: int = 4
) -> dict[str, Any]:
    """Pictures to be shown.

    Args:
        pictures (Sequence[np.ndarray]): RGB, uint8, (H, W, 3).
        titles (Sequence[str]): Their captions. Defaults to none.
        columns (int): Pictures in a row. Defaults to 4.
    """
    named = zip(pictures, titles or [''] * len(pictures))
    shown = [dict(source=data_url(pixels), title=title) for pixels, title in named]
    return dict(columns=columns, pictures=shown)


def data_url(pixels: np.ndarray) -> str:
    """A picture (H, W, 3), RGB, uint8, as an address that holds it."""
    return f'data:image/png;base64,{base64.b64encode(png_bytes(pixels)).decode()}'


def columns_for(number: int) -> int:
    """Columns that make a sheet of pictures about square."""
    return max(1, round(number**0.5 + 0.49))
