"""photos_l2 and photos_wgan through the programs, on pictures of several sizes."""

import json

import numpy as np
import pytest

from inpainting.filling.classical import CLASSICAL
from inpainting.filling.fillers import load_fillers
from inpainting.measuring.evaluation import evaluate
from inpainting.workdir import Workdir
from tests.conftest import small_arguments


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ([], "folder: names no folder: give the pictures' place, --dataset folder:PATH"),
        (
            ["--dataset", "cifar10"],
            "crop=random takes a folder of pictures, not cifar10: --dataset folder:PATH",
        ),
        (["--image-size", "30"], "image_size must be a multiple of 8"),
    ],
)
@pytest.mark.parametrize("model", ["photos_l2", "photos_wgan"])
def test_without_a_folder_they_are_refused(refused, tmp_path, model, arguments, line):
    assert line in refused("train.py", "--model", model, "--workdir", tmp_path / "run", *arguments)
    assert not (tmp_path / "run").exists()


def test_pictures_that_hold_no_crop_are_refused(refused, pictures, tmp_path):
    arguments = small_arguments(pictures, tmp_path / "run", model="photos_l2", image_size=32)
    assert f"none of the 32 train pictures in {pictures} has 32×32 pixels" in refused("train.py", *arguments)


@pytest.mark.slow
def test_a_run_is_trained_and_measured(call, pictures, tmp_path):
    run = tmp_path / "run"
    status, stdout, stderr = call("train.py", *small_arguments(pictures, run, model="photos_wgan"))
    assert status == 0, stderr
    assert "32 training images, 4 for validation" in stdout
    status, stdout, stderr = call("evaluate.py", run, "--baselines")
    assert status == 0, stderr
    assert "16×16 pixels at random, hole: mixed (10)" in stdout
    (path,) = run.glob("results-*-test-mixed.json")
    results = json.loads(path.read_text())
    assert results["images"] == 4 and set(results["results"]) == {"photos_wgan", *CLASSICAL}
    assert len(evaluate(Workdir(run), *load_fillers(Workdir(run)))[1]["photos_wgan"]) == 4  # not of each crop
    assert all(
        np.isfinite(results["results"]["photos_wgan"][key]) for key in ("sharpness", "seam", "band_high")
    )
