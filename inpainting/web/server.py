"""The page and REST in one ASGI application."""

import os

from inpainting.web.guard import BYTES, Guard
from inpainting.web.rest import rest


def application(models, folder):
    """The FastAPI application over Models. folder: an empty one, for uploads and results."""
    os.environ["GRADIO_TEMP_DIR"] = str(folder)  # before the page's components are made
    import gradio as gr

    from inpainting.web import page, tab

    app = rest(models)
    app.add_middleware(Guard, folder=folder)
    tab.keep_forgetting(folder)
    return gr.mount_gradio_app(
        app,
        page.page(models, folder),
        path="/",
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        max_file_size=BYTES,
        show_error=True,
        ssr_mode=False,
        mcp_server=False,
        pwa=False,
        theme=page.THEME,
    )
