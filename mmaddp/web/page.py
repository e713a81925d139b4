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
# Seconds between two looks for files of the page that nobody needs any more, and their age.
CLEARED = (600, 3600)


def build_page(site: Site) -> gr.Blocks:
    """Lay the page out.

    Args:
        site (Site): What its users share.

    Returns:
        gr.Blocks: For :func:`mmaddp.web.server.serve`.
    """
    generating = site.shelf.names('generate')
    with gr.Blocks(title=TITLE, analytics_enabled=False, delete_cache=CLEARED) as page:
        gr.Markdown('# mmaddp\nOne pre-training that understands pictures and makes them.')
        with gr.Row():
            model = gr.Dropdown(
                generating, label='Model', visible=bool(generating), elem_id='model', scale=1
            )
            facts = gr.Markdown(elem_classes='facts', elem_id='facts')
        with gr.Accordion('How it generates', open=False, visible=bool(generating)):
            process = process_sliders(site.limits)
        picture = Picture(site, model)
        with gr.Tabs() as tabs:
            if generating:
                with gr.Tab('Generate', id='generate'):
                    generated = GenerateTab(site, model, process)
                with gr.Tab('Edit', id='edit'):
                    EditTab(site, model, process, picture)
            with gr.Tab('Look', id='look'):
                LookTab(site, picture)
        picture.connect()
        network = dict(concurrency_limit=1, concurrency_id=QUEUE, show_progress='hidden')
        if generating:
            chosen = [generated.made, generated.chosen]
            taken = picture.set_by(generated.edit, generated.picture, chosen)
            taken.success(lambda: gr.Tabs(selected='edit'), None, tabs, queue=False)
            changed = [facts, process.steps, process.temperature, process.top_p]
            for event in (page.load, model.input):
                event(lambda name: describe(site, name), model, changed, **network)
    return page.queue(max_size=site.limits.waiting, api_open=False)


def describe(site: Site, name: str) -> tuple:
    """Facts about a model that generates, and the settings that it was made for."""
    with shown_in_page():
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
        return facts, *own_settings(model, site.limits)
