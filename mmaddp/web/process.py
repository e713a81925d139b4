"""The sliders of the generation process, which generating and editing share."""

from typing import NamedTuple

import gradio as gr

from mmaddp.apis import LoadedModel
from mmaddp.web.errors import whole_number
from mmaddp.web.limits import Limits
from mmaddp.web.site import Site

MOST_SEED = 2**32 - 1


class Process(NamedTuple):
    """Components of the generation process.

    Attributes:
        seed (gr.Number): Seed.
        steps (gr.Slider): Steps.
        temperature (gr.Slider): Choice temperature.
        top_p (gr.Slider): Nucleus.
    """

    seed: gr.Number
    steps: gr.Slider
    temperature: gr.Slider
    top_p: gr.Slider


def process_sliders(own: dict[str, dict]) -> Process:
    """Lay the components out.

    Args:
        own (dict): What :func:`own_settings` says of the model that is shown first.
    """
    with gr.Row():
        seed = gr.Number(0, label='Seed', precision=0, minimum=0, maximum=MOST_SEED, min_width=120)
        steps = gr.Slider(1, step=1, label='Steps', info='More take longer', **own['steps'])
        temperature = gr.Slider(
            0, 12, step=0.1, label='Choice temperature',
            info='Chance in which tokens are fixed first', **own['temperature'],
        )  # fmt: skip
        top_p = gr.Slider(
            0.05, 1, step=0.05, label='Top p', info='Share of the probability to draw from',
            **own['top_p'],
        )  # fmt: skip
    return Process(seed, steps, temperature, top_p)


def settings_of(site: Site, seed, steps, temperature, top_p) -> tuple[int, dict]:
    """Seed, and settings of the sampler, checked.

    Raises:
        ValueError: One is out of range.
    """
    seed = whole_number('The seed', seed, 0, MOST_SEED)
    steps = whole_number('The number of steps', steps, 1, site.limits.steps)
    return seed, dict(num_steps=steps, choice_temperature=float(temperature), top_p=float(top_p))


def own_settings(model: LoadedModel, limits: Limits) -> dict[str, dict]:
    """Values of the sliders that are those of a model, by the name of the slider."""
    sampler = model.model.sampler
    most = min(limits.steps, model.model.neck.num_tokens)
    return dict(
        steps=dict(maximum=most, value=min(sampler.num_steps, most)),
        temperature=dict(value=sampler.choice_temperature),
        top_p=dict(value=sampler.top_p),
    )
