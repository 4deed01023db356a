"""Pictures of completions. Images are float [N, S, S, 3] in [-1, 1]."""

import math

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from inpainting.checkpoints import atomic_file
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


def completions(context, completed, truth, path):
    """Writes a figure of context | completion | truth, two triples a row."""
    kinds = {"context": context, "completion": completed, "truth": truth}
    rows = math.ceil(len(truth) / 2)
    figure = Figure(figsize=(7.2, 1.15 * rows + 0.3), dpi=100, layout="constrained")
    axes = figure.subplots(rows, 6, squeeze=False)
    for column in range(6):
        name = list(kinds)[column % 3]
        axes[0, column].set_title(name, fontsize=9)
        for row in range(rows):
            axes[row, column].axis("off")
            index = row + rows * (column // 3)
            if index < len(truth):
                axes[row, column].imshow(to_uint8(kinds[name][index]).numpy())
    _write(figure, path)


def side_by_side(columns, path):
    """Writes a figure with an image a row and a method a column. columns: name -> [N, S, S, 3]."""
    rows = len(next(iter(columns.values())))
    figure = Figure(figsize=(1.2 * len(columns), 1.15 * rows + 0.3), dpi=100, layout="constrained")
    axes = figure.subplots(rows, len(columns), squeeze=False)
    for column, (name, images) in enumerate(columns.items()):
        axes[0, column].set_title(name, fontsize=8)
        for axis, pixels in zip(axes[:, column], to_uint8(images).numpy(), strict=True):
            axis.axis("off")
            axis.imshow(pixels)
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
