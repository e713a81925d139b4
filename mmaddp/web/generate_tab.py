"""Pictures from a seed, and the steps in which they come about."""

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass

import gradio as gr

from mmaddp.utils.images import to_uint8
from mmaddp.visualization.trajectory import trajectory_strip
from mmaddp.web.errors import shown_in_page, whole_number
from mmaddp.web.files import keep_animation, keep_picture, keep_zip, numbered
from mmaddp.web.process import Process, settings_of
from mmaddp.web.site import QUEUE, Site
from mmaddp.web.watched_sampler import Step, trajectory_of, watched

# Seconds that a session remembers what it has generated.
REMEMBERED = 1800
# Least side of a picture in the drawing of the steps.
STEP_SIDE = 64
GUIDE = (
    'Columns are steps. Rows: the picture; which tokens are still open (grey); how sure the '
    'network was of each (dark to yellow). Click on another picture for its steps.'
)


@dataclass(frozen=True)
class Made:
    """What a session has generated last.

    Attributes:
        steps (list[Step]): All steps.
        grid_size (tuple[int, int]): Token grid (h, w).
        name (str): For the names of files.
    """

    steps: list[Step]
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
        with gr.Row():
            number = gr.Slider(1, most, min(9, most), step=1, label='Pictures', scale=3)
            dice = gr.Button('Another seed', min_width=100)
            stop = gr.Button('Stop', variant='stop', min_width=100)
            start = gr.Button('Generate', variant='primary', min_width=160)
        status = gr.Markdown(elem_id='generate-status')
        with gr.Row(equal_height=False):
            self.gallery = gr.Gallery(
                label='Pictures',
                format='png',
                columns=3,
                height=520,
                object_fit='contain',
                allow_preview=False,
                elem_classes='pixels',
                elem_id='generated',
                buttons=[],
                interactive=False,
            )
            with gr.Column():
                strip = gr.Image(
                    label='Steps of one picture', format='png', elem_classes='pixels', height=240,
                    elem_id='steps', buttons=['download', 'fullscreen'], interactive=False,
                )  # fmt: skip
                gr.Markdown(GUIDE, elem_classes='facts')
                with gr.Row():
                    animation = gr.DownloadButton('Animation', interactive=False, size='sm')
                    archive = gr.DownloadButton('All pictures (zip)', interactive=False, size='sm')
                self.edit = gr.Button('Edit this picture', interactive=False, size='sm')
        shown = [self.gallery, status, self.made, archive]
        running = gr.on(
            [start.click],
            self.generate,
            [model, number, *process],
            shown,
            concurrency_limit=1,
            concurrency_id=QUEUE,
            show_progress='minimal',
        )
        strips = [self.chosen, strip, animation, self.edit]
        running.success(self.steps, self.made, strips, show_progress='hidden')
        self.gallery.select(self.steps_of, self.made, strips, show_progress='hidden')
        stop.click(lambda: 'Stopped.', None, status, cancels=running, queue=False)
        dice.click(lambda: random.randrange(2**31), None, process.seed, queue=False)

    def generate(self, name, number, *settings) -> Iterator[tuple]:
        """Generate, and show each step."""
        with shown_in_page():
            number = whole_number('The number of pictures', number, 1, self.site.limits.pictures)
            seed, process = settings_of(*settings, self.site)
            steps: list[Step] = []

            def work(report) -> None:
                model = watched(self.site.shelf.load(name), report, **process)
                grid.append(model.model.target_generator.grid_size)
                model.generate(number, seed, batch_size=number)

            grid: list[tuple[int, int]] = []
            started = time.perf_counter()
            columns = gr.Gallery(columns=_columns(number))
            yield columns, 'Loading the model ...', None, gr.DownloadButton(interactive=False)
            for step in self.site.worker.stream(work):
                steps.append(step)
                yield _pictures(step), _text(step), gr.skip(), gr.skip()
            seconds = time.perf_counter() - started
            made = Made(steps, grid[0], f'seed_{seed}')
            about = dict(model=name, seed=seed, **process)
            file = keep_zip(made.name, numbered(made.name, steps[-1].pictures), about)
            text = f'{_count(number)} of seed {seed} in {seconds:.1f} s.'
            yield gr.skip(), text, made, gr.DownloadButton(value=file, interactive=True)

    def steps(self, made: Made, place: int = 0) -> tuple:
        """Draw the steps of one picture, and its animation."""
        with shown_in_page():
            if made is None:
                raise ValueError('These pictures are not remembered any more: generate again.')
            trajectory = trajectory_of(made.steps, place, made.grid_size)
            zoom = max(1, STEP_SIDE // trajectory.images.shape[-2])
            strip = to_uint8(trajectory_strip(trajectory, 0, zoom))
            name = f'{made.name}_{place:03}'
            file = keep_animation(name, [*trajectory.images[:, 0]], zoom=2 * zoom)
            animation = gr.DownloadButton(value=file, interactive=True)
            steps = keep_picture(strip, f'{name}_steps')
            return place, steps, animation, gr.Button(interactive=True)

    def steps_of(self, made: Made, event: gr.SelectData) -> tuple:
        """Draw the steps of the picture that was clicked on."""
        return self.steps(made, event.index)

    @staticmethod
    def picture(made: Made, place: int) -> str:
        """File of the chosen picture."""
        with shown_in_page():
            if made is None:
                raise ValueError('These pictures are not remembered any more: generate again.')
            return keep_picture(made.steps[-1].pictures[place])


def _columns(number: int) -> int:
    return max(1, min(8, round(number**0.5 + 0.49)))


def _pictures(step: Step) -> list[str]:
    return [keep_picture(pixels) for pixels in step.pictures]


def _text(step: Step) -> str:
    left = int(step.masks[0].sum())
    return f'Step {step.number} of {step.of}: {left} of {step.masks.shape[1]} tokens are open.'


def _count(number: int) -> str:
    return 'One picture' if number == 1 else f'{number} pictures'
