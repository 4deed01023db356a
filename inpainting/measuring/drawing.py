"""The figures of a run and of several runs side by side."""

import numpy as np
import tensorflow as tf

from inpainting.filling.classical import CLASSICAL
from inpainting.filling.fillers import ClassicalFiller, load_fillers
from inpainting.measuring import figures
from inpainting.measuring.tasks import measured_data
from inpainting.pixels import as_pixels, to_float, to_uint8
from pipelines import datasets, file_list
from pipelines.inpainting import evaluation_batches

SHOWN = 12  # images of a figure
REFERENCE = "biharmonic"  # the classical method of a grid
SAMPLES = 6  # completions of one image in a density model's figure


def draw_run(fillers, batch, folder):
    """Writes completions.png, and a density model's own figures, of a batch of evaluation_batches."""
    shown = {key: value[:SHOWN] for key, value in batch.items()}
    columns = {
        "context": shown["context"],
        "completion": _completed(fillers[0], shown),
        "truth": shown["image"],
    }
    figures.side_by_side(columns, folder / "completions.png", images_a_row=2)
    sampler = next((filler for filler in fillers if getattr(filler, "mode", None) == "sample"), None)
    if sampler:
        draw_samples(sampler, shown, folder / "samples.png")
        draw_distributions(sampler.network, shown, folder)


def draw_samples(sampler, shown, path):
    """Several samples of the same holes."""
    columns = {"context": shown["context"], "truth": shown["image"]}
    for index in range(SAMPLES):
        columns[f"sample {index + 1}"] = _completed(sampler, shown, seed=index * len(shown["image"]))
    figures.side_by_side(columns, path)


def draw_distributions(network, shown, folder):
    """The distributions of a pixel (figure 8 of the paper) and the entropy of every pixel.

    Both are those of the first reading, given the true values before each.
    """
    image, mask = shown["image"], shown["mask"]
    pixels = as_pixels(image)
    logits = network([pixels, mask] if network.conditional else pixels, training=False)
    first = tuple(np.argwhere(mask[..., 0] > 0)[0])
    figures.probabilities(tf.nn.softmax(logits[first]), pixels[first], folder / "probabilities.png")
    log_p = tf.nn.log_softmax(logits)
    entropy = -tf.reduce_sum(tf.exp(log_p) * log_p, axis=[-2, -1]) / np.log(2)
    if network.conditional:  # says nothing of known pixels
        entropy = tf.where(mask[..., 0] > 0, entropy, float("nan"))
    figures.maps(image, entropy.numpy(), "entropy of a pixel, bits", folder / "entropy.png")


def _completed(filler, shown, seed=0):
    pictures, masks = to_uint8(shown["image"]).numpy(), shown["mask"].numpy()[..., 0]
    return to_float(filler(pictures, masks, seed=seed))


def draw(kind, workdirs, *, split="test", **source):
    """Draws several runs into one picture, "overlap", "grid" or "curves", and returns its path.

    source: data_dir and dataset, where the images are, if elsewhere now.
    """
    configs = [workdir.read_config() for workdir in workdirs]
    path = workdirs[-1].figures / f"{kind}.png"
    if kind == "curves":
        draw_curves(workdirs, configs, path)
    else:
        draw_side_by_side(kind, workdirs, configs, path, split=split, **source)
    return path


def draw_curves(workdirs, configs, path):
    """Writes the validation criterion of several runs over the minutes of their training."""
    criterion = configs[0].method.criterion
    histories = {}
    for name, workdir in zip(_names(workdirs, configs), workdirs, strict=True):
        lines = [line for line in workdir.history() if f"validation_{criterion}" in line]
        histories[name] = [[line[key] for line in lines] for key in ("minutes", f"validation_{criterion}")]
    figures.curves(histories, criterion, path)


def draw_side_by_side(kind, workdirs, configs, path, *, split, data_dir=None, dataset=None):
    """Writes the same images as several runs complete them; a grid with a classical method and with samples.

    dataset: where a folder's pictures are now.
    """
    overlap = ["without overlap", "with overlap"]
    names = overlap if kind == "overlap" else _names(workdirs, configs)
    data = measured_data(configs[0], dataset=dataset)
    source = data.source | {"data_dir": data_dir or data.data_dir, "limit": SHOWN}
    for run in workdirs:
        elsewhere = dataset is not None or run.published
        source["folder"] = file_list.measured(data.dataset, run.files, split, elsewhere=elsewhere)
    images = datasets.load(data.dataset, split, **source)
    batch = next(iter(evaluation_batches(images, **data.masking)))  # of pictures cut to crops, several of each
    shown = {key: value[:SHOWN] for key, value in batch.items()}
    columns = {"context": shown["context"]}
    if kind == "grid":
        columns[REFERENCE] = _completed(ClassicalFiller(REFERENCE, CLASSICAL[REFERENCE]), shown)
    for name, workdir in zip(names, workdirs, strict=True):
        usual, *others = load_fillers(workdir)[0]
        columns[name] = _completed(usual, shown)
        columns |= {f"{name} sample": _completed(other, shown) for other in others if other.draws}
    figures.side_by_side({**columns, "truth": shown["image"]}, path)


def _names(workdirs, configs):
    """The shortest way of telling the runs apart: by model, by directory, by path."""
    paths = [workdir.path for workdir in workdirs]
    ways = [config.model for config in configs], [path.name for path in paths], [str(path) for path in paths]
    return next(names for names in ways if len(set(names)) == len(names))
