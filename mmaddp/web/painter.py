"""A picture to paint on: which pixels are painted, and which tokens are drawn anew for that."""

import base64
from typing import Any, Optional

import gradio as gr
import numpy as np

from mmaddp.utils.fit_image import fit_image
from mmaddp.utils.images import to_uint8
from mmaddp.utils.open_picture import open_picture
from mmaddp.web.figures import data_url

_HTML = """
<div class="painter">
  {{#if value}}
    <div class="board" data-columns="{{value.columns}}" data-rows="{{value.rows}}">
      <img src="{{value.picture}}" alt="The picture as the model sees it" draggable="false">
      <canvas class="tokens" width="{{value.width}}" height="{{value.height}}"></canvas>
      <canvas class="mask" width="{{value.width}}" height="{{value.height}}"></canvas>
    </div>
    <div class="tools">
      <label>Brush <input class="brush" type="range" min="1" max="40" value="12"></label>
      <label><input class="eraser" type="checkbox"> Erase</label>
      <button class="clear" type="button">Clear</button>
    </div>
    <p>Framed tokens are drawn anew: all that the paint touches.</p>
  {{else}}
    <div class="empty">The picture appears here, as the model sees it.</div>
  {{/if}}
</div>
"""
_CSS = """
.board {position: relative; touch-action: none; user-select: none; line-height: 0;}
.board img, .board canvas {width: 100%; image-rendering: pixelated; border-radius: 6px;}
.board canvas {position: absolute; inset: 0; height: 100%;}
.board .mask {opacity: .75; cursor: crosshair;}
.tools {display: flex; gap: 16px; align-items: center; padding: 8px 2px 0;}
.tools label {display: flex; gap: 6px; align-items: center;}
.tools .clear {padding: 2px 12px; border: 1px solid var(--border-color-primary);
  border-radius: 6px; background: var(--button-secondary-background-fill);}
.painter p {margin: 4px 2px; font-size: var(--text-sm); color: var(--body-text-color-subdued);}
.painter .empty {display: grid; place-items: center; aspect-ratio: 1; border-radius: 6px;
  border: 2px dashed var(--border-color-primary); color: var(--body-text-color-subdued);}
"""
_SCRIPT = """
const PAINT = '#f97316', FRAME = 'rgba(249, 115, 22, .9)';
const readable = {willReadFrequently: true};
const find = (name) => element.querySelector(name);
let last = null;

function place(event) {
  const canvas = find('.mask'), box = canvas.getBoundingClientRect();
  const x = (event.clientX - box.left) / box.width * canvas.width;
  const y = (event.clientY - box.top) / box.height * canvas.height;
  return [x, y];
}

function stroke(event) {
  const canvas = find('.mask'), pen = canvas.getContext('2d', readable), to = place(event);
  pen.globalCompositeOperation = find('.eraser').checked ? 'destination-out' : 'source-over';
  pen.strokeStyle = PAINT;
  pen.lineCap = pen.lineJoin = 'round';
  pen.lineWidth = Math.max(1, find('.brush').value / 100 * canvas.width);
  pen.beginPath();
  pen.moveTo(...(last || to));
  pen.lineTo(to[0] + .01, to[1]);
  pen.stroke();
  last = to;
}

function frame() {
  const mask = find('.mask'), tokens = find('.tokens'), board = find('.board');
  const columns = Number(board.dataset.columns), rows = Number(board.dataset.rows);
  const {width, height} = mask, zoom = Math.max(1, Math.round(640 / width));
  const painted = mask.getContext('2d', readable).getImageData(0, 0, width, height).data;
  const touched = new Set();
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      if (painted[4 * (y * width + x) + 3] > 127)
        touched.add(Math.floor(y * rows / height) * columns + Math.floor(x * columns / width));
  tokens.width = width * zoom;
  tokens.height = height * zoom;
  const pen = tokens.getContext('2d'), wide = tokens.width / columns, high = tokens.height / rows;
  pen.strokeStyle = FRAME;
  pen.lineWidth = 3;
  touched.forEach((token) => pen.strokeRect(
    (token % columns) * wide + 2, Math.floor(token / columns) * high + 2, wide - 4, high - 4));
}

element.addEventListener('pointerdown', (event) => {
  if (!event.target.classList.contains('mask')) return;
  event.target.setPointerCapture(event.pointerId);
  last = null;
  stroke(event);
  element.dataset.painting = 'yes';
});
element.addEventListener('pointermove', (event) => {
  if (element.dataset.painting) { stroke(event); frame(); }
});
element.addEventListener('pointerup', () => {
  if (element.dataset.painting) frame();
  delete element.dataset.painting;
});
element.addEventListener('click', (event) => {
  if (!event.target.classList.contains('clear')) return;
  const canvas = find('.mask');
  canvas.getContext('2d', readable).clearRect(0, 0, canvas.width, canvas.height);
  frame();
});
"""
PREFIX = 'data:image/png;base64,'


def painter(name: str) -> gr.HTML:
    """The component; its value is what :func:`to_paint_on` returns.

    Args:
        name (str): Its name in the page.
    """
    return gr.HTML(None, html_template=_HTML, css_template=_CSS, js_on_load=_SCRIPT, elem_id=name)


def with_mask(name: str, position: int) -> str:
    """A script that puts what is painted among the arguments of an event.

    Args:
        name (str): Name of the painter in the page.
        position (int): Of the argument that becomes the picture of the paint, as an address.
    """
    return (
        f"(...given) => {{ const mask = document.querySelector('#{name} .mask'); "
        f"given[{position}] = mask ? mask.toDataURL('image/png') : ''; return given; }}"
    )


def to_paint_on(pixels: np.ndarray, size: tuple[int, int], grid: tuple[int, int]) -> dict[str, Any]:
    """A picture to be painted on.

    Args:
        pixels (np.ndarray): RGB, uint8, of any size, (H, W, 3).
        size (tuple[int, int]): Height and width of the model's pictures.
        grid (tuple[int, int]): Token grid (h, w).
    """
    shown = data_url(to_uint8(fit_image(pixels, size)))
    return dict(picture=shown, width=size[1], height=size[0], columns=grid[1], rows=grid[0])


def painted_mask(address: Optional[str], size: tuple[int, int]) -> np.ndarray:
    """What was painted.

    Args:
        address (str, optional): What :func:`with_mask` has put there.
        size (tuple[int, int]): Height and width of the model's pictures (H, W).

    Returns:
        np.ndarray: bool, shape (H, W): pixels that are painted for a half at least.

    Raises:
        ValueError: Nothing is painted, or it does not fit the model's pictures.
    """
    text = address if isinstance(address, str) else ''
    if not text.startswith(PREFIX):
        raise ValueError('There is nothing to paint on yet: drop a picture on the left.')
    with open_picture(base64.b64decode(text.removeprefix(PREFIX))) as picture:
        if picture.size != size[::-1]:
            raise ValueError(
                f'What is painted has {picture.width} x {picture.height} pixels, but the '
                f'pictures of this model {size[1]} x {size[0]}: paint again.'
            )
        mask = np.asarray(picture.convert('RGBA'))[..., 3] >= 128
    if not mask.any():
        raise ValueError('Nothing is painted: paint over what is to be drawn anew.')
    return mask
