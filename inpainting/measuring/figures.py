"""Pictures of completions. Images are float [N, S, S, 3] in [-1, 1]."""

import math
import textwrap

import numpy as np
from matplotlib import font_manager
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image, ImageDraw, ImageFont

from inpainting.files import atomic_file, disk
from inpainting.pixels import to_uint8

WIDTH = 192  # pixels on the screen of a picture in side_by_side, or a little less
FONT_SIZE, CHARACTERS = 13, WIDTH // 9  # of its headings, and how many fit above a picture


def strip(*columns, zoom=4, gap=1):
    """Images side by side, a row for each, as one uint8 array [height, width, 3], each pixel zoom × zoom.

    columns: float arrays [N, S, S, 3], e.g. context, completion and truth.
    """
    count, size = columns[0].shape[:2]
    sheet = np.full((count * (size + gap) - gap, len(columns) * (size + gap) - gap, 3), 255, np.uint8)
    for column, images in enumerate(columns):
        for row, image in enumerate(to_uint8(images).numpy()):
            top, left = row * (size + gap), column * (size + gap)
            sheet[top : top + size, left : left + size] = image
    return sheet.repeat(zoom, 0).repeat(zoom, 1)


def side_by_side(columns, path, *, images_a_row=1):
    """Writes a figure of the same images in several columns. columns: name -> [N, S, S, 3].

    images_a_row: how many of the N stand beside one another, each with all of its columns.
    Each pixel is shown as a square of pixels, 6 × 6 for pictures of 32 × 32: WIDTH says how large.
    """
    count, size = next(iter(columns.values())).shape[:2]
    zoom, rows = max(1, WIDTH // size), math.ceil(count / images_a_row)
    blocks = [
        strip(*(images[first : first + rows] for images in columns.values()), zoom=zoom)
        for first in range(0, count, rows)
    ]
    headings = ["\n".join(textwrap.wrap(name, CHARACTERS)) for name in columns]
    top = (1 + max(heading.count("\n") for heading in headings)) * (FONT_SIZE + 5) + zoom
    height, width = blocks[0].shape[:2]
    sheet = Image.new("RGB", (len(blocks) * (width + 3 * zoom) - 3 * zoom, top + height), "white")
    font = ImageFont.truetype(font_manager.findfont("DejaVu Sans"), FONT_SIZE)
    for left, block in zip(range(0, sheet.width, width + 3 * zoom), blocks, strict=True):
        sheet.paste(Image.fromarray(block), (left, top))
        for column, heading in enumerate(headings):
            place = left + zoom * (column * (size + 1) + size / 2), top - zoom
            ImageDraw.Draw(sheet).multiline_text(place, heading, "black", font, anchor="md", align="center")
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_file(path) as file:
        sheet.save(file, "PNG")


def plane(rows, path):
    """Writes the distortion–perception plane: hole_mse against sharpness and, where measured, against c2st.

    rows: name -> dict of a filler's metrics. The fillers of a dial, "realism …", are joined in their order.
    """
    truth = {"sharpness": 1.0, "c2st": 0.5}
    keys = [key for key in truth if any(key in row for row in rows.values())]
    figure = Figure(figsize=(4.8 * len(keys) + 2.4, 4.4), dpi=100, layout="constrained")
    for axis, key in zip(figure.subplots(1, len(keys), squeeze=False)[0], keys, strict=True):
        axis.plot(0, truth[key], "k*", markersize=12, label="truth")
        places = {name: (row["hole_mse"], row.get(key, np.nan)) for name, row in rows.items()}
        dial = [place for name, place in places.items() if name.startswith("realism ")]
        axis.plot(*np.reshape(dial, (-1, 2)).T, color="grey", linewidth=1, zorder=0)
        for index, (name, place) in enumerate(places.items()):
            marker, colour = "osD^v"[index // 10 % 5], f"C{index % 10}"
            axis.plot(*place, marker, color=colour, label=name)
        axis.set_xlabel("hole_mse")
        axis.set_ylabel(key)
    figure.legend(*axis.get_legend_handles_labels(), loc="outside right upper", fontsize=7)
    _write(figure, path)


def probabilities(distributions, truth, path):
    """Writes a pixel's three probability mass functions, [3, 256], with the truth, [3] (figure 8)."""
    figure = Figure(figsize=(7.2, 2.2), dpi=100, layout="constrained")
    for axis, colour, mass, value in zip(
        figure.subplots(1, 3), ("red", "green", "blue"), distributions, truth, strict=True
    ):
        axis.bar(range(len(mass)), mass, width=1.0, color=colour)
        axis.axvline(int(value), color="black", linestyle="--", linewidth=1, label=f"truth {int(value)}")
        axis.set_xlabel(colour)
        axis.legend(fontsize=7)
    _write(figure, path)


def maps(images, values, title, path):
    """Writes each image above the map of its values: [N, S, S, 3] and float [N, S, S], NaN left blank."""
    figure = Figure(figsize=(1.1 * len(images) + 1, 2.4), dpi=100, layout="constrained")
    axes = figure.subplots(2, len(images), squeeze=False)
    limits = {"vmin": np.nanmin(values), "vmax": np.nanmax(values)}
    for index, pixels in enumerate(to_uint8(images).numpy()):
        axes[0, index].imshow(pixels)
        shown = axes[1, index].imshow(values[index], **limits)
    for axis in axes.flat:
        axis.axis("off")
    figure.colorbar(shown, ax=axes[1].tolist(), label=title)
    _write(figure, path)


def curves(histories, criterion, path):
    """Writes the validation's criterion over the time of training. histories: name -> (minutes, values)."""
    figure = Figure(figsize=(6, 3.6), dpi=100)
    axis = figure.subplots()
    for name, (minutes, values) in histories.items():
        axis.plot(minutes, values, marker=".", label=name)
    axis.set_yscale("log")
    axis.set_xlabel("minutes of training steps")
    axis.set_ylabel(f"{criterion} on validation")
    axis.legend(fontsize=8)
    _write(figure, path)


def error_histogram(errors, path):
    """Writes the distribution of the per-image hole_mse of each model. errors: name -> [N]."""
    figure = Figure(figsize=(6, 3.2), dpi=100)
    axis = figure.subplots()
    bins = np.geomspace(1e-5, 1, 60)
    for name, error in errors.items():
        axis.hist(
            np.maximum(error, bins[0]), bins, histtype="step", label=f"{name} (mean {np.mean(error):.4f})"
        )
    axis.set_xscale("log")
    axis.set_xlabel("hole_mse of an image")
    axis.set_ylabel("images")
    axis.legend(fontsize=8)
    _write(figure, path)


def _write(figure, path):
    FigureCanvasAgg(figure)
    with disk(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_file(path) as file:
        figure.savefig(file, format="png", bbox_inches="tight")
