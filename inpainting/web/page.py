"""The page, in Gradio: open a picture, paint over what is to go or load a mask, fill, compare, download."""

import os
from dataclasses import replace
from pathlib import Path

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # before Gradio is imported: it asks for its newest version
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"

import gradio as gr
import skimage

from inpainting.filling.photo_files import READ
from inpainting.web import tab as tabs

DATA = Path(skimage.__file__).parent / "data"
EXAMPLES = [DATA / name for name in ("chelsea.png", "coffee.png", "rocket.jpg")]
HEAD = """# Inpainting
Open a picture, paint over what is to go, and press *Fill*. All else comes back bit for bit. Nothing leaves the
computer that serves this page.
"""
THEME = gr.themes.Base(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"])
BRUSH = "#ff00ff"
SAMPLES = 4  # that are drawn at most


def page(models, folder):
    """The gr.Blocks over Models. folder: where uploads and results lie for as long as they are needed."""
    gr.set_static_paths(EXAMPLES)
    with gr.Blocks(title="Inpainting", analytics_enabled=False) as blocks:
        tab = gr.State(time_to_live=tabs.LIFE)
        gr.Markdown(HEAD)
        with gr.Row():
            with gr.Column():
                picture = gr.File(label="Picture", file_types=list(READ), height=150, elem_id="picture")
                examples = gr.Dataset(
                    label="or one of these",
                    components=[gr.Image(visible=False)],
                    samples=[[str(path)] for path in EXAMPLES],
                    type="index",
                )
                editor = gr.ImageEditor(
                    label="What is missing",
                    sources=(),
                    transforms=(),
                    layers=False,
                    brush=gr.Brush(default_size=10, colors=[BRUSH], color_mode="fixed"),
                    buttons=["fullscreen"],
                    format="png",
                    elem_id="editor",
                )
                mask = gr.File(
                    label="or a mask: white is missing", file_types=list(READ), height=150, elem_id="mask"
                )
            with gr.Column():
                model = gr.Dropdown(models.names, value=models.default, label="Model")
                realism = gr.Slider(0, 1, 1, label="Realism: from least error to sharpest", visible=False)
                samples = gr.Slider(1, SAMPLES, SAMPLES, step=1, label="Samples", visible=False)
                grow = gr.Slider(0, 20, 0, step=1, label="Widen the hole, in pixels")
                button = gr.Button("Fill", variant="primary", elem_id="fill")
                slider = gr.ImageSlider(
                    label="Before and after",
                    interactive=False,
                    format="png",
                    buttons=["fullscreen"],
                    elem_id="after",
                )
                gallery = gr.Gallery(
                    label="Samples", columns=2, visible=False, format="png", buttons=["fullscreen"]
                )
                files = gr.File(label="Download", file_count="multiple", interactive=False, elem_id="download")

        def show(name):
            options = {"realism": 1.0}, {"samples": True}
            return [gr.update(visible=models.takes(name, **option)) for option in options]

        def opened(content, path):
            tab, picture = tabs.opened(content, path.stem)
            return tab, gr.update(value=picture, label=f"What is missing in {path.name}"), None, None, None

        def open_file(path):
            return opened(tabs.taken(path), Path(path))

        def open_example(index):
            return *opened(EXAMPLES[index].read_bytes(), EXAMPLES[index]), None

        def without_mask(tab):
            return tab and replace(tab, mask=None)

        def fill(tab, model, realism, samples, grow, progress=gr.Progress()):  # noqa: B008, as Gradio asks for it
            options = {"model": model, "realism": realism, "samples": samples, "grow": grow}
            pairs, paths = tabs.fill(models, folder, tab, **options, progress=progress)
            after = [completed for _, completed in pairs]
            return pairs[0], gr.update(value=after, visible=len(after) > 1), [str(path) for path in paths]

        shown = [tab, editor, mask, slider, files]
        picture.upload(open_file, picture, shown)
        examples.click(open_example, examples, [*shown, picture])
        mask.upload(tabs.masked, [tab, mask], tab)
        mask.clear(without_mask, tab, tab)
        gr.on([blocks.load, model.change], show, model, [realism, samples])
        # What is painted is taken at once, however many wait to be filled.
        button.click(tabs.painted, [tab, editor], tab, concurrency_limit=None).success(
            fill, [tab, model, realism, samples, grow], [slider, gallery, files], concurrency_limit=1
        )
    blocks.state_session_capacity = 100  # tabs; the oldest beyond them open their picture anew
    blocks.has_launched = True  # of blocks that are mounted Gradio checks no path of a file without this
    return blocks.queue(max_size=100)
