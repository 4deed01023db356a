"""A run's directory: what is in it, and who may write there."""

import errno
import json
import os
from pathlib import Path

import numpy as np

from inpainting.checkpoints import BEST, LAST
from inpainting.config.settings import from_dict, paths, to_dict, value_of
from inpainting.errors import InputError
from inpainting.files import disk, is_temporary, remove, sync_directory, write_json
from inpainting.lock import Lock

CONTENTS = (  # what an overwritten run loses; config.json is written anew
    f"checkpoints/{LAST}",  # first: without it, what is left is no run to resume
    "checkpoints",
    "tensorboard",
    "metrics.jsonl",
    "samples",
    "figures",
    "saved_model",
    "model.tflite",
    "results*.json",
    "files.json",
    "study.json",  # of benchmarks/study.py
)
FREE = (  # what a resumed run may change
    "data.data_dir",
    *(
        f"training.{name}"
        for name in ("steps", "jit", "patience", "log_every", "validate_every", "checkpoint_every")
    ),
)


class Workdir:
    """Paths of a run: config.json, checkpoints/, tensorboard/, metrics.jsonl, samples/, saved_model/, …

    lock: whose it is. DiskError, from all methods, for what cannot be read or written.
    """

    def __init__(self, path):
        self.path = Path(path)
        self.lock = Lock(self.path / "lock")
        self.config = self.path / "config.json"
        self.last = self.path / "checkpoints" / LAST
        self.best = self.path / "checkpoints" / BEST
        self.tensorboard = self.path / "tensorboard"
        self.metrics = self.path / "metrics.jsonl"
        self.samples = self.path / "samples"
        self.saved_model = self.path / "saved_model"  # a directory for each version: 1, 2, …
        self.files = self.path / "files.json"  # of a run on a folder's pictures: see pipelines/file_list.py
        self.weights = self.path / "weights.npz"  # published ones, see inpainting/pretrained.py
        self.sha256 = self.path / "weights.sha256"
        # Where results go.
        self.measured = Path("runs", "pretrained", self.path.resolve().name) if self.published else self.path
        self.figures = self.measured / "figures"
        self.tflite = self.measured / "model.tflite"

    @property
    def published(self):
        """Whether the directory holds published weights, not a run: nothing is written there."""
        return self.weights.exists() or self.sha256.exists()

    def check(self, config, *, resume, overwrite):
        """Refuses, writing nothing, a directory that this run may not write to.

        A resumed run may change the settings in FREE alone. What a run that was killed while it began has left
        is no obstacle.
        """
        with disk(self.path):
            if self.path.exists() and not self.path.is_dir():
                raise InputError(f"{self.path} is a file: give --workdir a directory")
            if self.published:
                raise InputError(f"{self.path} holds published weights: choose another --workdir")
            if resume:
                self._check_same(config)
            elif self.config.exists() and not overwrite:
                resumed = "continue it with --resume, " if self.last.exists() else ""
                way_out = f"{resumed}replace it with --overwrite, or choose another --workdir"
                raise InputError(f"{self.path} already holds a run: {way_out}")
            elif self.path.exists() and not self.config.exists() and any(map(_is_foreign, self.path.iterdir())):
                raise InputError(f"{self.path} is not empty and holds no run: choose another --workdir")

    def resumable_config(self, model):
        """The Config of the run to resume. InputError if there is none, or none of this model."""
        with disk(self.path):
            if not self.config.exists():
                raise InputError(f"{self.path} holds no run to resume: leave out --resume to start one")
            if not self.last.exists():
                raise InputError(f"{self.path} has no checkpoint yet: start it over with --overwrite")
        config = self.read_config()
        if config.model != model:
            raise InputError(f"{self.path} is a run of {config.model}, not {model}: choose another --workdir")
        return config

    def _check_same(self, config):
        saved = self.resumable_config(config.model)
        for path in paths(saved):
            before, now = value_of(saved, path), value_of(config, path)
            if path == "data.dataset" and before.startswith("folder:") and now.startswith("folder:"):
                continue  # the pictures may have moved: which they are is compared when they are found
            if before != now and path not in FREE:
                raise InputError(
                    f"{self.path} was trained with {path.split('.')[-1]}={before}, not {now}: leave the "
                    "setting out to resume it, or choose another --workdir"
                )

    def claim(self, config, *, resume, overwrite):
        """Makes the directory this process's own, and checks it again: another may have begun a run there."""
        self._make()
        self.lock.take()
        self.check(config, resume=resume, overwrite=overwrite)

    def create(self, config, *, overwrite):
        """Makes the directory and its config.json; with overwrite, an earlier run's files are removed first.

        What a killed process left half-written goes in any case.
        """
        self._make()
        with disk(self.path):
            for path in (self.last.parent, self.tensorboard, self.samples, self.saved_model):
                if path.is_symlink():
                    path.resolve().mkdir(parents=True, exist_ok=True)
                if path.exists() and not os.access(path, os.W_OK):
                    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
            if overwrite and self.config.exists():
                for pattern in CONTENTS:
                    for path in self.path.glob(pattern):
                        remove(path)
            for pattern in (".*", "*/.*", "*/*/.*"):
                for path in filter(is_temporary, self.path.glob(pattern)):
                    remove(path)
        write_json(self.config, to_dict(config))

    def _make(self):
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            sync_directory(self.path.parent)
        except OSError as error:
            raise InputError(f"cannot make {self.path} ({error.strerror}): choose another --workdir") from error

    def read_config(self):
        """The run's Config. InputError if the directory is no run."""
        with disk(self.config):
            if not self.config.exists():
                raise InputError(f"{self.path} is not a run's directory: it has no config.json")
            content = self.config.read_bytes()
        try:
            return from_dict(json.loads(content))
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            raise InputError(f"{self.config} cannot be read ({error})") from error

    def history(self):
        """The lines of metrics.jsonl, dicts, each with `minutes`: the time the steps so far have taken.

        The last line of a killed run may be cut: it is left out. InputError if there are none.

        Validation and checkpoints are left out of it, as they are of images_per_second. Between two logged
        speeds the time goes evenly over the batches.
        """
        config = self.read_config()
        with disk(self.metrics):
            lines = self.metrics.read_text().splitlines() if self.metrics.exists() else []
        lines = [values for line in lines if (values := read_line(line))]
        if not lines:
            raise InputError(f"{self.metrics} holds nothing yet: train the run first")
        batches, minutes = [0], [0.0]
        for line in lines:
            if "images_per_second" in line:
                batches.append(config.batches_until(line["step"]))
                images = (batches[-1] - batches[-2]) * config.training.batch_size
                minutes.append(minutes[-1] + images / line["images_per_second"] / 60)
        at = [config.batches_until(line["step"]) for line in lines]
        times = np.interp(at, batches, minutes)
        return [{**line, "minutes": float(time)} for line, time in zip(lines, times, strict=True)]


def _is_foreign(path):
    """Whether a file is neither a lock nor half-written."""
    return path.name != "lock" and not is_temporary(path)


def read_line(line):
    """The dict of a line of metrics.jsonl, None of one that a killed run has cut."""
    try:
        return json.loads(line)
    except ValueError:
        return None
