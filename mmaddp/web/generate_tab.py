"""Pictures from a seed, and the steps in which they come about."""

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Optional

import gradio as gr
import numpy as np

from mmaddp.utils.images import to_uint8
from mmaddp.visualization.trajectory import trajectory_strip
from mmaddp.web.errors import shown_in_page, whole_number
from mmaddp.web.figures import columns_for, figure_sheet, figures
from mmaddp.web.files import keep_animation, keep_picture, keep_zip, numbered
from mmaddp.web.process import Process, settings_of
from mmaddp.web.site import QUEUE, WAITING, Site
from mmaddp.web.watched_sampler import Step, remembered, trajectory_of, watched

# Seconds that a session remembers what it has generated.
REMEMBERED = 1800
# Least side of a picture in the drawing of the steps.
STEP_SIDE = 64
GUIDE = (
    'Above: the picture that the network sees next. Middle: the tokens that are still open, in '
    'grey. Below: how sure the network was of each token, from dark to yellow.'
)


@dataclass(frozen=True)
class Made:
    """What a session has generated last.

    Attributes:
        steps (list[Step]): All steps, as :func:`remembered` keeps them.
        pictures (np.ndarray): The result, RGB, uint8, shape (B, H, W, 3).
        grid_size (tuple[int, int]): Token grid (h, w).
        name (str): For the names of files.
    """

    steps: list[Step]
    pictures: np.ndarray
    grid_size: tuple[int, int]
    name: str


class GenerateTab:
    """Lays the tab out, and does what its buttons say.

    Args:
        site (Site): What users share.
        model (gr.Dropdown): The model that generates.
        process (Process): Settings of the generation.
    """

    def __init__(self, site: Site, model: gr.Dropdown, process: Process) -> None:
        self.site = site
        most = site.limits.pictures
        self.made = gr.State(time_to_live=REMEMBERED)
        self.chosen = gr.State(0)
        with gr.Row(equal_height=True):
            number = gr.Slider(1, most, min(9, most), step=1, label='Pictures', scale=4)
            dice = gr.Button('Another seed', min_width=110)
            stop = gr.Button('Stop', variant='stop', min_width=80)
            start = gr.Button('Generate', variant='primary', min_width=150)
        status = gr.Markdown('A press on *Generate* begins.', elem_id='generate-status')
        with gr.Row(equal_height=False):
            with gr.Column(scale=5):
                self.sheet = figure_sheet(choosing=True, elem_id='generated')
            with gr.Column(scale=6):
                strip = figure_sheet(elem_id='steps')
                with gr.Row():
                    animation = gr.DownloadButton('Animation', interactive=False, size='sm')
                    archive = gr.DownloadButton('All pictures (zip)', interactive=False, size='sm')
                    self.edit = gr.Button('Edit this picture', interactive=False, size='sm')
        network = dict(concurrency_limit=1, concurrency_id=QUEUE, show_progress='hidden')
        asked, shown = [model, number, *process], [self.sheet, status, self.made, archive]
        start.click(None, None, status, js=WAITING)
        running = start.click(self.generate, asked, shown, **network)
        running.failure(lambda: '', None, status, queue=False)
        strips = [self.chosen, strip, animation, self.edit]
        running.success(self.steps, self.made, strips, show_progress='hidden')
        self.sheet.select(self.steps_of, self.made, strips, show_progress='hidden')
        stop.click(lambda: 'Stopped.', None, status, cancels=running, queue=False)
        dice.click(lambda: random.randrange(2**31), None, process.seed, queue=False)

    def generate(self, name, number, *settings) -> Iterator[tuple]:
        """Generate, and show each step."""
        with shown_in_page():
            number = whole_number('The number of pictures', number, 1, self.site.limits.pictures)
            seed, process = settings_of(self.site, *settings)
            steps: list[Step] = []
            grid_size = self.site.shelf.choices[name].grid

            def work(report) -> None:
                model = watched(self.site.shelf.load(name), report, **process)
                model.generate(number, seed, batch_size=number)

            started = time.perf_counter()
            yield gr.skip(), gr.skip(), None, gr.DownloadButton(interactive=False)
            for step in self.site.worker.stream(work):
                steps.append(remembered(step, grid_size))
                sheet = figures(step.pictures, columns=columns_for(number))
                yield sheet, _text(step), gr.skip(), gr.skip()
            seconds = time.perf_counter() - started
            made = Made(steps, step.pictures, grid_size, f'seed_{seed}')
            about = dict(model=name, seed=seed, **process)
            file = keep_zip(made.name, numbered(made.name, [*made.pictures]), about)
            text = f'{_count(number)} of seed {seed} in {seconds:.1f} s.'
            yield gr.skip(), text, made, gr.DownloadButton(value=file, interactive=True)

    def steps(self, made: Made, place: int = 0) -> tuple:
        """Draw the steps of one picture, and its animation."""
        with shown_in_page():
            _check(made, place)
            trajectory = trajectory_of(made.steps, place, made.grid_size)
            zoom = max(1, STEP_SIDE // trajectory.images.shape[-2])
            strip = to_uint8(trajectory_strip(trajectory, 0, zoom))
            name = f'{made.name}_{place:03}'
            file = keep_animation(name, [*trajectory.images[:, 0]], zoom=2 * zoom)
            animation = gr.DownloadButton(value=file, interactive=True)
            title = f'Picture {place}, step by step. {GUIDE}'
            return place, figures([strip], [title], 1), animation, gr.Button(interactive=True)

    def steps_of(self, made: Made, event: gr.EventData) -> tuple:
        """Draw the steps of the picture that was clicked on."""
        return self.steps(made, event.place)

    @staticmethod
    def picture(made: Made, place: int) -> str:
        """File of the chosen picture."""
        with shown_in_page():
            _check(made, place)
            return keep_picture(made.pictures[place])


def _check(made: Optional[Made], place: int) -> None:
    if made is None:
        raise ValueError('These pictures are not remembered any more: generate again.')
    whole_number('The number of the picture', place, 0, len(made.pictures) - 1)


def _text(step: Step) -> str:
    left = int(step.masks[0].sum())
    return f'Step {step.number} of {step.of}: {left} of {step.masks.shape[1]} tokens are open.'


def _count(number: int) -> str:
    return 'One picture' if number == 1 else f'{number} pictures'
