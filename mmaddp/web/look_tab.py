"""What the models see in a picture, side by side."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import gradio as gr
import torch

from mmaddp.datasets.loading import decode_rgb
from mmaddp.web.errors import shown_in_page
from mmaddp.web.figures import figure_sheet, figures
from mmaddp.web.files import keep_zip
from mmaddp.web.neighbours import Neighbour
from mmaddp.web.picture import Picture
from mmaddp.web.site import QUEUE, WAITING, Site
from mmaddp.web.views import View, look

NEIGHBOURS = 8
NEAR = '### Nearest training pictures, by features'
# Models that are looked through at first.
FIRST = 4


@dataclass
class Seen:
    """What was found so far.

    Attributes:
        views (list[View]): Pictures.
        lines (list[str]): Words.
        neighbours (list[Neighbour]): Training pictures, the nearest first.
        about (dict): Numbers, by model.
    """

    views: list[View] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    neighbours: list[Neighbour] = field(default_factory=list)
    about: dict[str, Any] = field(default_factory=dict)


class LookTab:
    """Lays the tab out, and does what its button says.

    Args:
        site (Site): What users share.
        picture (Picture): The picture of the session.
    """

    def __init__(self, site: Site, picture: Picture) -> None:
        self.site = site
        names = site.shelf.names()
        with gr.Row(equal_height=False):
            with gr.Column(scale=1, min_width=260):
                picture.upload('look')
                models = gr.CheckboxGroup(
                    names, value=names[:FIRST], label='Models', visible=len(names) > 1
                )
                threshold = gr.Slider(
                    0, 1, 0.3, step=0.05, label='Least score of an object',
                    visible=bool(site.shelf.names('detect')),
                )  # fmt: skip
                start = gr.Button('Look', variant='primary', elem_id='look-go')
                archive = gr.DownloadButton('All of it (zip)', interactive=False, size='sm')
            with gr.Column(scale=4):
                status = gr.Markdown(elem_id='look-status')
                views = figure_sheet(elem_id='views')
                words = gr.Markdown(elem_id='words')
                near_title = gr.Markdown(NEAR, visible=False)
                near = figure_sheet(elem_id='neighbours')
        start.click(None, None, status, js=WAITING)
        running = start.click(
            self.look,
            [picture.file, models, threshold],
            [views, words, near, near_title, status, archive],
            concurrency_limit=1,
            concurrency_id=QUEUE,
            show_progress='hidden',
        )
        running.failure(lambda: '', None, status, queue=False)

    def look(self, file, names, threshold) -> Iterator[tuple]:
        """Let the models look, one after another, and show what each has found."""
        with shown_in_page():
            if file is None:
                raise ValueError('There is no picture yet: drop one on the left.')
            if not names:
                raise ValueError('No model is chosen.')
            seen, closed = Seen(), gr.DownloadButton(interactive=False)
            for text in self.site.worker.stream(
                lambda report: self._look(file, names, float(threshold), seen, report)
            ):
                yield *_shown(seen), text, closed
            views = {f'{n}_{view.title}': view.pixels for n, view in enumerate(seen.views)}
            views = {title.replace(':', ''): pixels for title, pixels in views.items()}
            kept = keep_zip('seen', views, seen.about)
            yield *_shown(seen), '', gr.DownloadButton(value=kept, interactive=True)

    def _look(self, file, names, threshold, seen: Seen, report) -> None:
        """In the worker's thread: fill ``seen`` model by model."""
        for name in names:
            report(f'{name} looks at it ...')
            model = self.site.shelf.load(name)
            choice = self.site.shelf.choices[name]
            found = look(choice, model, file, threshold)
            alike = [one for one in names if self.site.shelf.choices[one].task == choice.task]
            prefix = f'{name}: ' if len(alike) > 1 else ''
            seen.views += [view._replace(title=prefix + view.title) for view in found.views]
            seen.lines += [f'**{name}**: {found.words}.'] * bool(found.words)
            seen.about[name] = found.about
            if choice.task == 'generate':
                self.site.neighbours.learn(model, report)
                features = torch.tensor([found.about['features']])
                near = self.site.neighbours.nearest(model, features, NEIGHBOURS)
                seen.neighbours = near or seen.neighbours
                found.about['nearest'] = [dict(one._asdict(), file=one.file.name) for one in near]


def _shown(seen: Seen) -> tuple:
    views = figures([one.pixels for one in seen.views], [one.title for one in seen.views])
    pixels = [decode_rgb(one.file.read_bytes()) for one in seen.neighbours]
    titles = [f'{one.file.parent.name}, {one.likeness:.2f}' for one in seen.neighbours]
    near = figures(pixels, titles, NEIGHBOURS)
    return views, '\n\n'.join(seen.lines), near, gr.update(visible=bool(pixels))
