"""Shared fixtures: small pictures, small configurations and runs, and CIFAR-10 where it is prepared."""

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

import app
import evaluate
import inpaint
import train
from inpainting.command_line import run_program
from inpainting.config.experiments import experiment
from inpainting.config.settings import paths, with_settings
from inpainting.filling import tflite

ROOT = Path(__file__).parent.parent
PROGRAMS = {
    "train.py": train.main,
    "evaluate.py": evaluate.main,
    "inpaint.py": inpaint.main,
    "app.py": app.main,
    "tflite.py": tflite.main,
}

# A run of seconds: 16×16 pixels, tiny networks.
SMALL = {
    "image_size": 16,
    "generator.filters": 8,
    "bottleneck": 16,
    "decoder_filters": 16,
    "critic.filters": 4,
    "discriminator.filters": 4,
    "critic_steps": 2,
    "batch_size": 4,
    "precision": "float32",
    "steps": 20,
    "warmup_steps": 6,
    "log_every": 5,
    "validate_every": 10,
    "checkpoint_every": 10,
    "dropout": 0.5,
    "units": 12,
    "layers": 2,
    "pixels_per_image": 16,
}


def used_by(model, settings):
    """The settings, as texts, that the model has."""
    known = paths(experiment(model))
    return {
        name: str(value) for name, value in settings.items() if any(f".{k}".endswith(f".{name}") for k in known)
    }


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
    """A function: the small Config of a model, with those of the settings that it has."""

    def build(model="vgg_wgan", **settings):
        settings = {"dataset": f"folder:{pictures}", **settings}
        return with_settings(experiment(model), used_by(model, {**SMALL, **settings}))

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


@pytest.fixture
def call(monkeypatch, capsys):
    """A function: runs one of the PROGRAMS in this process and returns (status, stdout, stderr)."""

    def run(program, *arguments):
        monkeypatch.setattr(sys, "argv", [program, *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            run_program(PROGRAMS[program])
        return ended.value.code, *capsys.readouterr()

    return run


@pytest.fixture
def refused(call):
    """A function: runs a program, expects status 2 and one line on stderr, and returns the line."""

    def run(program, *arguments):
        status, stdout, stderr = call(program, *arguments)
        assert status == 2, (stdout, stderr)
        lines = stderr.strip().splitlines()
        assert len(lines) == 1, stderr
        return lines[0]

    return run


def small_arguments(pictures, workdir, *, model="vgg_wgan", **settings):
    """The command line of a small run, after `train.py`."""
    chosen = used_by(model, {**SMALL, **settings})
    pairs = [part for name, value in chosen.items() for part in ("--set", f"{name}={value}")]
    return ["--model", model, "--dataset", f"folder:{pictures}", "--workdir", workdir, *pairs]


@pytest.fixture(scope="session")
def small_run(pictures, tmp_path_factory):
    """A function: the work directory of a small finished run of a model, made once."""
    made = {}

    def build(model):
        if model not in made:
            made[model] = tmp_path_factory.mktemp("runs") / model
            assert train.main([str(part) for part in small_arguments(pictures, made[model], model=model)]) == 0
        return made[model]

    return build


@pytest.fixture(scope="session")
def finished_run(small_run):
    return small_run("vgg_wgan")


@pytest.fixture(scope="session")
def cifar10():
    """The directory of the prepared CIFAR-10."""
    folder = os.environ.get("TFDS_DATA_DIR")
    if not folder or not (Path(folder) / "cifar10").is_dir():
        pytest.skip("CIFAR-10 is not prepared: set TFDS_DATA_DIR")
    return folder
