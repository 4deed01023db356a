"""What runs are measured on, and which of them compare. Needs no TensorFlow."""

import re
from pathlib import Path

from inpainting.config.settings import with_settings
from inpainting.errors import InputError


def measured_data(config, mask=None, dataset=None):
    """The Data section that a run is measured on: that of its training, with other holes where `mask` says so.

    dataset: where the pictures are now, of a run on a folder's. Raises InputError for another data set, and for
    holes that a network which learns to fill the centred one alone cannot fill.
    """
    if dataset is not None:
        config = _moved(config, dataset)
    if mask is None:
        return config.data
    settings = {"data.mask": mask}
    if config.method.adversary:  # which has no say in this
        settings["method.sees"] = "image"
    data = with_settings(config, settings).data
    hole = config.only_hole
    if mask != "center" and hole:
        raise InputError(
            f"--mask {mask}: {config.model} fills the centred {hole}×{hole} hole alone: train it with --set "
            f"mask={mask}"
        )
    return data


def _moved(config, dataset):
    if not dataset.startswith("folder:"):
        raise InputError(f"--dataset {dataset}: say where the pictures are now: --dataset folder:PATH")
    if not config.data.dataset.startswith("folder:"):
        raise InputError(f"{config.model} was trained on {config.data.dataset}, no folder: leave out --dataset")
    return with_settings(config, {"data.dataset": dataset})


def task(data):
    """Runs with the same task stand in one table: data set, crop, image size, kind and size of the holes."""
    return data.place, data.crop, data.image_size, data.mask, data.hole


def measurement(data, split, limit=None):
    """The name of what is measured: "cifar10-test-center", "pictures-validation-rectangle-first500"."""
    folder = data.dataset.startswith("folder:")
    dataset = Path(data.dataset.removeprefix("folder:")).absolute().name if folder else data.dataset
    parts = [re.sub(r"[^\w.]+", "_", dataset), split, data.mask, *([f"first{limit}"] if limit else [])]
    return "-".join(parts)


def check_comparable(kind, configs):
    """Refuses runs that do not belong into one picture, "overlap", "grid" or "curves", or blend, "realism"."""
    tasks = {task(config.data) for config in configs}
    criteria = {config.method.criterion for config in configs}
    if kind == "overlap" and (configs[0].overlap or not configs[1].overlap):
        raise InputError("--figure overlap takes a run with overlap=0 first, then one with an overlap")
    if kind != "curves" and len(tasks) > 1:
        flag = "--realism" if kind == "realism" else f"--figure {kind}"
        raise InputError(f"{flag} needs runs of the same data and holes; these differ: {tasks}")
    if kind == "curves" and len(criteria) > 1:
        raise InputError(f"--figure curves needs runs with one criterion; these have {' and '.join(criteria)}")
