"""A run's averaged weights, and how they are published. A directory pretrained/NAME/ holds

    config.json       the run's settings, without places on a disk
    weights.npz       a checkpoint of the average alone: kernels in float16, vectors in float32
    weights.sha256    its hash, as `sha256sum --check` reads it
    README.md         the model card, of benchmarks/publish.py

and nothing is written there but by `write`: what evaluate.py measures of it goes to runs/pretrained/NAME/.
"""

import hashlib
from pathlib import Path

import numpy as np

from inpainting import checkpoints
from inpainting.config.generators import ENCODERS
from inpainting.config.settings import paths, to_dict, value_of, with_settings
from inpainting.errors import InputError
from inpainting.files import atomic_file, disk, write_json

AVERAGE = "ema_generator"
LARGEST = 12_000_000  # bytes
WEIGHTLESS = ("generator.dropout", "generator.drop_connect")  # settings that no weight depends on


def average(workdir):
    """The averaged weights of a run's best checkpoint, of its last where none was validated, or published ones.

    Returns the arrays, in the order of variables.weights_of, the run's progress, and the file. InputError if
    there is none, if it is damaged, or if published weights have another hash than theirs.
    """
    if workdir.published:
        check_hash(workdir)
        path = workdir.weights
    else:
        path = workdir.best if workdir.best.exists() else workdir.last
    groups, progress = checkpoints.load(path)
    return [array for array in groups.get(AVERAGE, []) if array.dtype.kind == "f"], progress, path


def check_hash(workdir):
    """InputError unless published weights are those that weights.sha256 was written for."""
    for path in (workdir.weights, workdir.sha256):
        if not path.exists():
            raise InputError(f"there is no {path}: get the published weights anew")
    with disk(workdir.path):
        words = workdir.sha256.read_text(errors="replace").split()
        content = workdir.weights.read_bytes()
    if words[:1] != [hashlib.sha256(content).hexdigest()]:
        raise InputError(
            f"{workdir.weights} is damaged or another: its SHA-256 is not that of {workdir.sha256}; "
            "get the published weights anew"
        )


def write(workdir, published, card):
    """Writes the average of a run to the Workdir `published`, with a model card, a text.

    InputError, before anything is written, for weights that float16 cannot hold or files over LARGEST.
    """
    weights, progress, path = average(workdir)
    content = checkpoints.packed(
        {AVERAGE: [_halved(array, path) for array in weights]}, progress, compressed=True
    )
    if len(content) > LARGEST:
        raise InputError(
            f"the weights of {path} take {len(content) / 1e6:.1f} MB, at most {LARGEST / 1e6:.0f} are "
            "published: train a smaller model"
        )
    published.path.mkdir(parents=True, exist_ok=True)
    write_json(published.config, to_dict(without_places(workdir.read_config())))
    line = f"{hashlib.sha256(content).hexdigest()}  {published.weights.name}\n"
    files = {"README.md": card.encode(), published.weights.name: content, published.sha256.name: line.encode()}
    for name, written in files.items():
        with atomic_file(published.path / name) as file:
            file.write(written)


def _halved(array, path):
    """A kernel in float16. A vector as it is: batch normalisation's variances span more than float16 does."""
    if array.ndim < 2:
        return array
    largest = np.abs(array).max(initial=0)
    if largest > np.finfo(np.float16).max:
        raise InputError(f"{path} has a weight of {largest:.3g}, more than float16 holds: it is not published")
    return array.astype(np.float16)


def without_places(config):
    """A Config that says nothing of the disk of its machine: of a folder of pictures only the name."""
    kind, colon, place = config.data.dataset.partition(":")
    return with_settings(config, {"data_dir": "none", "dataset": kind + colon + Path(place).name})


def check_start(config, initial):
    """InputError unless a run of `config` can start from the weights in the Workdir `initial`.

    The line names the first setting by which the generators differ.
    """
    other = initial.read_config()
    wanted, kind = config.generator.kind, other.generator.kind
    if kind != wanted:
        raise InputError(f"--initial {initial.path} is of a {kind}, not of the {wanted} of {config.model}")
    names = [path for path in paths(config) if path.startswith("generator.") and path not in WEIGHTLESS]
    if kind in ENCODERS:  # which is made for one size
        names.append("data.image_size")
        names += ["data.mask", "data.hole", "method.overlap"] if config.patch != other.patch else []
    for name in names:
        before, now = value_of(other, name), value_of(config, name)
        if before != now:
            raise InputError(
                f"--initial {initial.path} was trained with {name}={before}, not {now}: --set {name}={before}"
            )
