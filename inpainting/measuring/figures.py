"""Pictures of completions. Images are float [N, S, S, 3] in [-1, 1]."""

import math

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from inpainting.files import atomic_file
from inpainting.pixels import to_uint8


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
    """
    count = len(next(iter(columns.values())))
    rows, wide = math.ceil(count / images_a_row), images_a_row * len(columns)
    figure = Figure(figsize=(1.2 * wide, 1.15 * rows + 0.3), dpi=100, layout="constrained")
    axes = figure.subplots(rows, wide, squeeze=False)
    for axis in axes.flat:
        axis.axis("off")
    for column, (name, images) in enumerate(columns.items()):
        for index, pixels in enumerate(to_uint8(images).numpy()):
            axes[index % rows, column + len(columns) * (index // rows)].imshow(pixels)
        for first in range(column, wide, len(columns)):
            axes[0, first].set_title(name, fontsize=8)
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
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_file(path) as file:
        figure.savefig(file, format="png", bbox_inches="tight")
