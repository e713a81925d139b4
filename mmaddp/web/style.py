"""How the page looks; fonts are those of the user's system, so that none is fetched."""

import gradio as gr

FONTS = ('system-ui', '-apple-system', 'Segoe UI', 'DejaVu Sans', 'sans-serif')
MONOSPACE = ('ui-monospace', 'Consolas', 'DejaVu Sans Mono', 'monospace')

CSS = """
.gradio-container, .gradio-container > main {width: 100% !important; margin: 0 auto !important;}
.gradio-container {max-width: 1240px !important;}
.pixels img {image-rendering: pixelated; min-width: 60%; object-fit: contain;}
.facts {opacity: .8; align-self: center;}
footer {display: none !important;}
"""


def theme() -> gr.Theme:
    """Colours and fonts of the page."""
    return gr.themes.Soft(primary_hue='teal', font=FONTS, font_mono=MONOSPACE)
