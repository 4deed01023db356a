"""Larger pictures: every kind of network trains, resumes, is evaluated and exported, from the command line."""

import json

import numpy as np
import pytest
import tensorflow as tf

from inpainting.config.generators import DENSITY
from tests.conftest import small_arguments

# Without ResNet, whose convolutions of one or two features, when so narrow, crash in TensorFlow's oneDNN.
NAMES = ("inception_l2", "vgg_wgan", "cnn_dcgan", "unet_wgan", "photos_l2", *DENSITY)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "size"), [*((name, 128) for name in NAMES), ("unet_wgan", 64), ("pixel_cnn", 64)]
)
def test_trains_resumes_is_evaluated_and_exported(call, pictures, tmp_path, name, size):
    settings = {"image_size": size, "hole": 8, "crop": "center", "batch_size": 2, "warmup_steps": 2, "steps": 5}
    arguments = small_arguments(pictures, tmp_path / "run", model=name, **settings)
    status, _, stderr = call("train.py", *arguments)
    assert status == 0, stderr
    resume = ("--model", name, "--workdir", tmp_path / "run", "--resume", "--steps", 6)
    status, stdout, stderr = call("train.py", *resume)
    assert status == 0 and "resumed at step 5" in stdout, stderr
    status, _, stderr = call("evaluate.py", tmp_path / "run", "--limit", 2)
    assert status == 0, stderr
    (results,) = (tmp_path / "run").glob("results-*.json")
    row = json.loads(results.read_text())["results"][name]
    assert 0 < row["hole_mse"] < 4
    served = tf.saved_model.load(str(tmp_path / "run" / "saved_model" / "2")).signatures["serving_default"]
    picture = np.random.default_rng(0).integers(0, 256, (1, size, size, 3), np.uint8)
    mask = np.zeros((1, size, size, 1), np.uint8)
    mask[:, size // 2 - 4 : size // 2 + 4, size // 2 - 4 : size // 2 + 4] = 1
    filled = served(image=tf.constant(picture), mask=tf.constant(mask))["inpainted"].numpy()
    np.testing.assert_array_equal(filled[mask[..., 0] == 0], picture[mask[..., 0] == 0])
