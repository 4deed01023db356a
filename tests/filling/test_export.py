"""The exported model: the trainer's pixels, from a process that knows nothing of this project."""

import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from inpainting.filling.fillers import load_fillers
from inpainting.masks import center_masks, composite, fill_hole
from inpainting.pixels import to_float, to_uint8
from inpainting.workdir import Workdir

SERVE = """
import sys
import numpy as np
import tensorflow as tf

model = tf.saved_model.load(sys.argv[1])
data = np.load(sys.argv[2])
image, mask = data["image"], data["mask"]
inpainted = model.signatures["serving_default"](image=tf.constant(image), mask=tf.constant(mask))["inpainted"]
encode = lambda batch: tf.stack([tf.io.encode_png(picture) for picture in batch])
answer = model.signatures["from_bytes"](image_bytes=encode(image), mask_bytes=encode(mask))["inpainted_bytes"]
decoded = np.stack([tf.io.decode_png(picture) for picture in answer.numpy()])
assert not any(name.split(".")[0] in ("inpainting", "models", "pipelines") for name in sys.modules)
np.savez(sys.argv[3], inpainted=inpainted, decoded=decoded)
"""


@pytest.fixture(scope="module")
def served(finished_run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("serve")
    random = np.random.default_rng(0)
    image = random.integers(0, 256, (5, 16, 16, 3), np.uint8)
    mask = np.uint8(center_masks(5, image_size=16, hole=4)) * random.integers(1, 256, (5, 1, 1, 1), np.uint8)
    np.savez(folder / "in.npz", image=image, mask=mask)
    model = finished_run / "saved_model" / "1"
    subprocess.run(
        [sys.executable, "-c", SERVE, model, folder / "in.npz", folder / "out.npz"],
        cwd=folder,
        check=True,
        timeout=300,
    )
    return image, mask, np.load(folder / "out.npz")


def test_known_pixels_come_back_to_the_bit(served):
    image, mask, answer = served
    known = mask[..., 0] == 0
    np.testing.assert_array_equal(answer["inpainted"][known], image[known])
    assert (answer["inpainted"][~known] != image[~known]).any()


def test_the_bytes_signature_gives_the_same_pixels(served):
    _, _, answer = served
    np.testing.assert_array_equal(answer["decoded"], answer["inpainted"])


def test_the_pixels_are_the_trainer_s(served, finished_run):
    """EMA weights, inference mode: dropout off, moving statistics, the training's own composite."""
    image, mask, answer = served
    fillers, _ = load_fillers(Workdir(finished_run))
    generator = fillers[0].network
    missing = tf.cast(mask > 0, tf.float32)
    pixels = to_float(image)
    context = fill_hole(pixels, missing, fill="zeros", seed=[0, 0])
    completed = composite(missing, generator([context, missing], training=False), pixels)
    expected = to_uint8(completed).numpy().astype(int)
    # A last-bit difference of a convolution may turn a rounding: none of 5 · 48 values by more than one.
    assert np.abs(answer["inpainted"].astype(int) - expected).max() <= 1
    assert (answer["inpainted"] == expected).mean() > 0.999


def test_a_hole_outside_the_trained_square_is_an_error(finished_run):
    model = tf.saved_model.load(str(finished_run / "saved_model" / "1"))
    mask = np.zeros((1, 16, 16, 1), np.uint8)
    mask[0, 0, 0] = 1
    with pytest.raises(tf.errors.InvalidArgumentError, match="rows and columns 4 to 11"):
        model.signatures["serving_default"](image=tf.zeros([1, 16, 16, 3], tf.uint8), mask=tf.constant(mask))
