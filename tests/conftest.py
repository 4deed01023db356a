"""Shared fixtures: small pictures, small configurations, and CIFAR-10 where it is prepared."""

import os
import subprocess
import sys
from pathlib import Path

# As a user's shell: no proxy between the program and the missing network, TensorFlow's log level unset.
ENVIRONMENT = {
    key: value
    for key, value in os.environ.items()
    if "proxy" not in key.lower() and key != "TF_CPP_MIN_LOG_LEVEL"
}
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import pytest
from PIL import Image
from tensorflow import keras

from inpainting.experiments import experiment, other_owner, resolved, with_settings

ROOT = Path(__file__).parent.parent

# A run of seconds: 16×16 pixels, tiny networks.
SMALL = {
    "image_size": "16",
    "filters": "8",
    "bottleneck": "16",
    "decoder_filters": "16",
    "critic_filters": "4",
    "critic_steps": "2",
    "batch_size": "4",
    "precision": "float32",
    "steps": "20",
    "warmup_steps": "4",
    "log_every": "5",
    "validate_every": "10",
    "checkpoint_every": "10",
    "dropout": "0.5",
    "units": "12",
    "layers": "2",
    "pixels_per_image": "16",
}


def used_by(model, settings):
    """The settings, as texts, that the model has a use for."""
    return {k: str(v) for k, v in settings.items() if not other_owner(experiment(model), k)}


@pytest.fixture(autouse=True)
def seeded():
    """Every test starts from the same random state: a narrow untrained network may well be dead by chance."""
    keras.utils.set_random_seed(0)


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    """A folder of 40 smooth pictures of several sizes, PNG and JPEG."""
    folder = tmp_path_factory.mktemp("pictures")
    random = np.random.default_rng(0)
    for index in range(40):
        coarse = Image.fromarray(random.integers(0, 256, (3, 4, 3), np.uint8))
        suffix = ".png" if index % 2 else ".jpg"
        coarse.resize((24 + index % 3, 20 + index % 5), Image.Resampling.BICUBIC).save(
            folder / f"{index:03d}{suffix}"
        )
    return folder


@pytest.fixture
def small_config(pictures):
    """A function: the small resolved Config of a model, with those of the settings that it uses."""

    def build(model="vgg_wgan", **settings):
        settings = used_by(model, {**SMALL, "dataset": f"folder:{pictures}", **settings})
        return resolved(with_settings(experiment(model), settings))

    return build


def command(program, *arguments, **options):
    """Runs one of the programs, or `-c CODE`, in a process of its own and returns the finished process."""
    return subprocess.run(
        [sys.executable, program, *map(str, arguments)],
        cwd=ROOT,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=300,
        **options,
    )


def small_arguments(pictures, workdir, *, model="vgg_wgan", **settings):
    """The command line of a small run, after `train.py`."""
    chosen = used_by(model, {**SMALL, **settings})
    pairs = [part for name, value in chosen.items() for part in ("--set", f"{name}={value}")]
    return ["--model", model, "--dataset", f"folder:{pictures}", "--workdir", workdir, *pairs]


@pytest.fixture(scope="session")
def finished_run(pictures, tmp_path_factory):
    """The work directory of a small finished run, made once, with --deterministic."""
    workdir = tmp_path_factory.mktemp("runs") / "small"
    finished = command("train.py", *small_arguments(pictures, workdir), "--deterministic")
    assert finished.returncode == 0, finished.stderr
    return workdir


@pytest.fixture(scope="session")
def cifar10():
    """The directory of the prepared CIFAR-10."""
    folder = os.environ.get("TFDS_DATA_DIR")
    if not folder or not (Path(folder) / "cifar10").is_dir():
        pytest.skip("CIFAR-10 is not prepared: set TFDS_DATA_DIR")
    return folder
