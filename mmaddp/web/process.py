"""The sliders of the generation process, which generating and editing share."""

from typing import NamedTuple

import gradio as gr

from mmaddp.web.errors import whole_number
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


def process_sliders(limits) -> Process:
    """Lay the components out."""
    with gr.Row():
        seed = gr.Number(0, label='Seed', precision=0, minimum=0, maximum=MOST_SEED, min_width=120)
        steps = gr.Slider(1, limits.steps, 12, step=1, label='Steps')
        temperature = gr.Slider(
            0, 12, 4, step=0.1, label='Choice temperature', info='Chance in which tokens are fixed'
        )
        top_p = gr.Slider(
            0.05, 1, 1, step=0.05, label='Top p', info='Share of probability that codes come from'
        )
    return Process(seed, steps, temperature, top_p)


def settings_of(seed, steps, temperature, top_p, site: Site) -> tuple[int, dict]:
    """Seed, and settings of the sampler, checked.

    Raises:
        ValueError: One is out of range.
    """
    seed = whole_number('The seed', seed, 0, MOST_SEED)
    steps = whole_number('The number of steps', steps, 1, site.limits.steps)
    return seed, dict(num_steps=steps, choice_temperature=float(temperature), top_p=float(top_p))


def own_settings(model, limits) -> tuple[dict, dict, dict]:
    """Updates of the sliders of steps, temperature and top p to those of a model."""
    sampler = model.model.sampler
    most = min(limits.steps, model.model.neck.num_tokens)
    return (
        gr.update(maximum=most, value=min(sampler.num_steps, most)),
        gr.update(value=sampler.choice_temperature),
        gr.update(value=sampler.top_p),
    )
