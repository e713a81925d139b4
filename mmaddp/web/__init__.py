"""The page to play with a model, in a browser. It needs gradio: ``pip install "mmaddp[web]"``."""

import os

# Before gradio is imported: it tells its makers nothing.
os.environ['GRADIO_ANALYTICS_ENABLED'] = 'False'
os.environ['HF_HUB_DISABLE_TELEMETRY'] = '1'
