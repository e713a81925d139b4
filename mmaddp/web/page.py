"""The page as a whole."""

import gradio as gr

from mmaddp.web.edit_tab import EditTab
from mmaddp.web.errors import shown_in_page
from mmaddp.web.generate_tab import GenerateTab
from mmaddp.web.look_tab import LookTab
from mmaddp.web.picture import Picture
from mmaddp.web.process import own_settings, process_sliders
from mmaddp.web.site import QUEUE, Site

TITLE = 'mmaddp'
HEAD = f'# {TITLE}\nOne pre-training, whose network understands pictures and makes them.'
# Seconds between two looks for files of the page that nobody needs any more, and their age.
CLEARED = (600, 3600)


def build_page(site: Site) -> gr.Blocks:
    """Lay the page out.

    Args:
        site (Site): What its users share.

    Returns:
        gr.Blocks: For :func:`mmaddp.web.server.serve`.
    """
    with gr.Blocks(title=TITLE, analytics_enabled=False, delete_cache=CLEARED) as page:
        gr.Markdown(HEAD)
        if generating := site.shelf.names('generate'):
            _with_generation(site, generating)
        else:
            picture = Picture(site)
            LookTab(site, picture)
            picture.connect()
    return page.queue(max_size=site.limits.waiting, api_open=False)


def _with_generation(site: Site, names: list[str]) -> None:
    """Lay out a page whose models generate."""
    facts, own = _describe(site, names[0])
    with gr.Row(equal_height=True):
        model = gr.Dropdown(names, value=names[0], label='Model', elem_id='model')
        facts_shown = gr.Markdown(facts, elem_classes='facts', elem_id='facts')
    with gr.Accordion('Seed, steps and temperature', open=False):
        process = process_sliders(own)
    picture = Picture(site, model)
    with gr.Tabs() as tabs:
        with gr.Tab('Generate', id='generate'):
            generated = GenerateTab(site, model, process)
        with gr.Tab('Edit', id='edit'):
            EditTab(site, model, process, picture)
        with gr.Tab('Look', id='look'):
            LookTab(site, picture)
    picture.connect()
    chosen = [generated.made, generated.chosen]
    taken = picture.set_by(generated.edit, generated.picture, chosen)
    taken.success(lambda: gr.Tabs(selected='edit'), None, tabs, queue=False)

    def change(name: str) -> tuple:
        with shown_in_page():
            facts, own = _describe(site, name)
            return facts, *[gr.update(**own[part]) for part in ('steps', 'temperature', 'top_p')]

    changed = [facts_shown, process.steps, process.temperature, process.top_p]
    model.input(change, model, changed, concurrency_id=QUEUE, show_progress='hidden')


def _describe(site: Site, name: str) -> tuple[str, dict[str, dict]]:
    """Facts about a model that generates, and the settings that it was made for."""
    model = site.worker.run(site.shelf.load, name)
    network = model.model
    height, width = network.backbone.img_size
    rows, columns = network.target_generator.grid_size
    millions = sum(part.numel() for part in network.parameters()) / 1e6
    facts = (
        f'{width} x {height} pixels, {columns} x {rows} tokens of '
        f'{network.target_generator.vocabulary.num_codes} codes, {millions:.1f} million '
        f'parameters, on {next(network.parameters()).device.type}'
    )
    return facts, own_settings(model, site.limits)
