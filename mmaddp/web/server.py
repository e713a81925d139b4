"""Serving the page to this machine, or to others."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address

import gradio as gr
import uvicorn
from fastapi import FastAPI
from starlette.middleware.trustedhost import TrustedHostMiddleware

from mmaddp.web.page import build_page
from mmaddp.web.site import Site
from mmaddp.web.style import CSS, theme

# The browser fetches nothing from elsewhere, whatever gradio's files ask for.
POLICY = (
    "default-src 'self' data: blob:; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; connect-src 'self' data: blob:; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'self'"
)
HEADERS = [
    ('Content-Security-Policy', POLICY),
    ('Referrer-Policy', 'no-referrer'),
    ('X-Content-Type-Options', 'nosniff'),
]
LOCAL_NAMES = ['localhost', '127.0.0.1', '::1', '[::1]']
# Seconds that open connections are given when the server ends.
GRACE = 2


def is_local(host: str) -> bool:
    """Whether an address is reached from this machine alone."""
    try:
        return host == 'localhost' or ip_address(host).is_loopback
    except ValueError:
        return False


@contextmanager
def server_of(site: Site, host: str) -> Iterator[uvicorn.Server]:
    """A server of the page; what users upload lies in a folder that is removed at the end.

    Args:
        site (Site): What users share.
        host (str): Address to listen on. From one of this machine alone, requests under another
            name are refused, so that no foreign page can talk to the server.

    Yields:
        uvicorn.Server: To be run with a socket that listens.
    """
    before = os.environ.get('GRADIO_TEMP_DIR')
    with tempfile.TemporaryDirectory(prefix='mmaddp-web-') as folder:
        os.environ['GRADIO_TEMP_DIR'] = folder
        try:
            app = application(site, host)
            settings = dict(log_level='warning', timeout_graceful_shutdown=GRACE, headers=HEADERS)
            yield uvicorn.Server(uvicorn.Config(app, **settings))
        finally:
            site.worker.close()
            if before is None:
                del os.environ['GRADIO_TEMP_DIR']
            else:
                os.environ['GRADIO_TEMP_DIR'] = before


def application(site: Site, host: str) -> FastAPI:
    """The page as an application, without telemetry, share links and documentation of an API."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    if is_local(host):
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=[*LOCAL_NAMES, host])
    return gr.mount_gradio_app(
        app,
        build_page(site),
        path='/',
        server_name=host,
        footer_links=[],
        run_history=False,
        max_file_size=site.limits.megabytes * 2**20,
        ssr_mode=False,
        enable_monitoring=False,
        pwa=False,
        mcp_server=False,
        theme=theme(),
        css=CSS,
    )
