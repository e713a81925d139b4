"""How the page looks; fonts are those of the user's system, so that none is fetched."""

import gradio as gr

FONTS = ('system-ui', '-apple-system', 'Segoe UI', 'DejaVu Sans', 'sans-serif')
MONOSPACE = ('ui-monospace', 'Consolas', 'DejaVu Sans Mono', 'monospace')

# Small pictures show their pixels; the wide page leaves room for what is side by side.
CSS = """
.gradio-container {max-width: 1280px !important; margin: 0 auto !important;}
.pixels img {image-rendering: pixelated;}
.facts {opacity: .8;}
footer {display: none !important;}
"""


def theme() -> gr.Theme:
    """Colours and fonts of the page."""
    return gr.themes.Soft(primary_hue='teal', font=FONTS, font_mono=MONOSPACE)
