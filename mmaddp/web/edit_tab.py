"""New pictures from one that the user gives."""

import time
from collections.abc import Iterator
from typing import Any, Optional

import gradio as gr
import numpy as np

from mmaddp.apis import LoadedModel
from mmaddp.utils.images import as_rgb, to_uint8
from mmaddp.web.errors import shown_in_page, whole_number
from mmaddp.web.files import keep_picture, keep_zip, numbered
from mmaddp.web.picture import Picture
from mmaddp.web.process import MOST_SEED, Process, settings_of
from mmaddp.web.site import QUEUE, Site
from mmaddp.web.uploads import painted_mask, read_upload, to_paint_on
from mmaddp.web.watched_sampler import watched

PAINT, VARY, HIDE, EXTEND = 'Redraw what is painted', 'Vary', 'Hide and guess', 'Extend'
# Way of editing -> what its number means, and where it begins.
NUMBERS = {
    PAINT: ('Widen what is painted by this share of the side', 0.0, 0.25),
    VARY: ('Strength: share of the tokens that is drawn anew', 0.5, 1.0),
    HIDE: ('Share of the tokens that is hidden', 0.75, 1.0),
    EXTEND: ('Width of the new border, as a share of the side', 0.25, 0.45),
}


class EditTab:
    """Lays the tab out, and does what its buttons say.

    Args:
        site (Site): What users share.
        model (gr.Dropdown): The model that generates.
        process (Process): Settings of the generation.
        picture (Picture): The picture of the session.
    """

    def __init__(self, site: Site, model: gr.Dropdown, process: Process, picture: Picture) -> None:
        self.site = site
        most = site.limits.pictures
        with gr.Row(equal_height=False):
            with gr.Column(scale=2, min_width=260):
                picture.upload('edit')
                way = gr.Radio([*NUMBERS], value=PAINT, label='What to do', elem_id='way')
                title, value, high = NUMBERS[PAINT]
                amount = gr.Slider(0, high, value, step=0.01, label=title)
                number = gr.Slider(1, most, min(4, most), step=1, label='Versions')
                with gr.Row():
                    stop = gr.Button('Stop', variant='stop', min_width=80)
                    start = gr.Button('Go', variant='primary', min_width=80, elem_id='edit-go')
            self.editor = gr.ImageEditor(
                label='As the model sees it: paint here',
                sources=(),
                transforms=(),
                layers=False,
                brush=gr.Brush(default_size=36, colors=['#14b8a6'], color_mode='fixed'),
                format='png',
                scale=3,
                height=520,
                elem_id='editor',
                elem_classes='pixels',
                buttons=[],
            )
            with gr.Column(scale=3):
                status = gr.Markdown(elem_id='edit-status')
                gallery = gr.Gallery(
                    label='Versions', columns=2, object_fit='contain', height='auto',
                    elem_classes='pixels', elem_id='edited', interactive=False,
                    buttons=['download'],
                )  # fmt: skip
                archive = gr.DownloadButton('All versions (zip)', interactive=False, size='sm')
        asked = [model, picture.file, self.editor, way, amount, number, *process]
        running = start.click(
            self.edit,
            asked,
            [gallery, status, archive],
            concurrency_limit=1,
            concurrency_id=QUEUE,
            show_progress='minimal',
        )
        stop.click(lambda: 'Stopped.', None, status, cancels=running, queue=False)
        way.change(_amount, way, amount, queue=False, show_progress='hidden')
        gr.on(
            [picture.file.change, model.input],
            self.paint_on,
            [picture.file, model],
            self.editor,
            show_progress='hidden',
        )

    def paint_on(self, file: Optional[str], name: str) -> Optional[dict]:
        """The picture, as the model sees it, to be painted on."""
        with shown_in_page():
            if file is None:
                return None
            size = self.site.shelf.choices[name].size
            return to_paint_on(read_upload(file, self.site.limits), size)

    def edit(self, name, file, editor, way, amount, number, *settings) -> Iterator[tuple]:
        """Make versions, and show each step."""
        with shown_in_page():
            if file is None:
                raise ValueError('There is no picture yet: drop one on the left.')
            number = whole_number('The number of versions', number, 1, self.site.limits.pictures)
            seed, process = settings_of(*settings, self.site)
            seed = min(seed, MOST_SEED - number)
            size = self.site.shelf.choices[name].size
            mask = painted_mask((editor or {}).get('layers') or (), size) if way == PAINT else None
            found: list[np.ndarray] = []

            def work(report) -> None:
                model = watched(self.site.shelf.load(name), report, **process)
                images = _edited(model, file, way, float(amount), mask, n=number, seed=seed)
                found.extend(to_uint8(as_rgb(images)))

            started = time.perf_counter()
            for step in self.site.worker.stream(work):
                text = f'Step {step.number} of {step.of}: what the network sees.'
                yield _files(step.pictures), text, gr.DownloadButton(interactive=False)
            about = dict(model=name, way=way, amount=amount, seed=seed, **process)
            archive = keep_zip('versions', numbered('version', found), about)
            seconds = time.perf_counter() - started
            text = f'{way}: {number} versions from seed {seed} on, in {seconds:.1f} s.'
            yield _files(found), text, gr.DownloadButton(value=archive, interactive=True)


def _edited(
    model: LoadedModel, file: str, way: str, amount: float, mask: Any, **options: int
) -> Any:
    """Versions of a picture, shape (n, 3, H, W)."""
    side = min(model.model.backbone.img_size)
    if way == PAINT:
        return model.inpaint(file, mask, dilation=round(amount * side), **options)[0]
    if way == VARY:
        return model.vary(file, amount, **options)[0]
    if way == HIDE:
        return model.reconstruct(file, amount, **options)[0]
    if way == EXTEND:
        return model.outpaint(file, [max(1, round(amount * side))] * 4, **options)[0]
    raise ValueError(f'There is no way of editing called {way}.')


def _files(pictures) -> list[str]:
    return [keep_picture(pixels) for pixels in pictures]


def _amount(way: str) -> dict:
    """What the slider means for a way of editing."""
    title, value, high = NUMBERS[way]
    return gr.update(label=title, value=value, maximum=high)
