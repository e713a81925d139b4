"""New pictures from one that the user gives."""

import time
from collections.abc import Iterator
from typing import Any, Optional

import gradio as gr
import numpy as np

from mmaddp.apis import LoadedModel
from mmaddp.utils.images import as_rgb, to_uint8
from mmaddp.web.errors import shown_in_page, whole_number
from mmaddp.web.figures import columns_for, figure_sheet, figures
from mmaddp.web.files import keep_zip, numbered
from mmaddp.web.painter import painted_mask, painter, to_paint_on, with_mask
from mmaddp.web.picture import Picture
from mmaddp.web.process import MOST_SEED, Process, settings_of
from mmaddp.web.site import QUEUE, WAITING, Site
from mmaddp.web.uploads import read_upload
from mmaddp.web.watched_sampler import watched

PAINT, VARY, HIDE, EXTEND = 'Redraw what is painted', 'Vary', 'Hide and guess', 'Extend'
# Way of editing -> name of its number, what that is, where it begins, and its end.
NUMBERS = {
    PAINT: ('Widen the paint', 'by this share of the side', 0.0, 0.25),
    VARY: ('Strength', 'share of the tokens that is drawn anew', 0.5, 1.0),
    HIDE: ('Hidden', 'share of the tokens', 0.75, 1.0),
    EXTEND: ('New border', 'as a share of the side', 0.25, 0.45),
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
            with gr.Column(scale=3, min_width=240):
                picture.upload('edit')
                way = gr.Radio([*NUMBERS], value=PAINT, label='What to do', elem_id='way')
                title, info, value, high = NUMBERS[PAINT]
                amount = gr.Slider(0, high, value, step=0.01, label=title, info=info)
                number = gr.Slider(1, most, min(4, most), step=1, label='Versions')
                with gr.Row():
                    stop = gr.Button('Stop', variant='stop', min_width=80)
                    start = gr.Button('Go', variant='primary', min_width=80, elem_id='edit-go')
            with gr.Column(scale=5, min_width=280):
                board = painter('board')
            with gr.Column(scale=5, min_width=280):
                sheet = figure_sheet(elem_id='edited')
                status = gr.Markdown(elem_id='edit-status')
                archive = gr.DownloadButton('All versions (zip)', interactive=False, size='sm')
        paint = gr.Textbox(visible='hidden')  # the browser puts what is painted in its place
        asked = [model, picture.file, paint, way, amount, number, *process]
        start.click(None, None, status, js=WAITING)
        running = start.click(
            self.edit,
            asked,
            [sheet, status, archive],
            js=with_mask('board', asked.index(paint)),
            concurrency_limit=1,
            concurrency_id=QUEUE,
            show_progress='hidden',
        )
        running.failure(lambda: '', None, status, queue=False)
        stop.click(lambda: 'Stopped.', None, status, cancels=running, queue=False)
        way.change(_amount, way, amount, queue=False, show_progress='hidden')
        changes = [picture.file.change, model.input]
        gr.on(changes, self.paint_on, [picture.file, model], board, show_progress='hidden')

    def paint_on(self, file: Optional[str], name: str) -> Optional[dict]:
        """The picture, as the model sees it, to be painted on."""
        with shown_in_page():
            if file is None:
                return None
            choice = self.site.shelf.choices[name]
            return to_paint_on(read_upload(file, self.site.limits), choice.size, choice.grid)

    def edit(self, name, file, paint, way, amount, number, *settings) -> Iterator[tuple]:
        """Make versions, and show each step."""
        with shown_in_page():
            if file is None:
                raise ValueError('There is no picture yet: drop one on the left.')
            number = whole_number('The number of versions', number, 1, self.site.limits.pictures)
            seed, process = settings_of(self.site, *settings)
            seed = min(seed, MOST_SEED - number)
            size = self.site.shelf.choices[name].size
            mask = painted_mask(paint, size) if way == PAINT else None
            found: list[np.ndarray] = []

            def work(report) -> None:
                model = watched(self.site.shelf.load(name), report, **process)
                images = _edited(model, file, way, float(amount), mask, n=number, seed=seed)
                found.extend(to_uint8(as_rgb(images)))

            started = time.perf_counter()
            for step in self.site.worker.stream(work):
                text = f'Step {step.number} of {step.of}: what the network sees.'
                shown = figures(step.pictures, columns=columns_for(number))
                yield shown, text, gr.DownloadButton(interactive=False)
            about = dict(model=name, way=way, amount=amount, seed=seed, **process)
            archive = keep_zip('versions', numbered('version', found), about)
            seconds = time.perf_counter() - started
            text = f'{way}: {number} versions from seed {seed} on, in {seconds:.1f} s.'
            shown = figures(found, columns=columns_for(number))
            yield shown, text, gr.DownloadButton(value=archive, interactive=True)


def _edited(
    model: LoadedModel, file: str, way: str, amount: float, mask: Any, **options: Any
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


def _amount(way: str) -> dict:
    """What the slider means for a way of editing."""
    title, info, value, high = NUMBERS[way]
    return gr.update(label=title, info=info, value=value, maximum=high)
