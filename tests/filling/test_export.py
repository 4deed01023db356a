"""The exported model: the trainer's pixels, in a process without this project; what it refuses, and how."""

import gc
import io
import re
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from inpainting.config.generators import DENSITY
from inpainting.filling.export import Inpainter, export
from inpainting.filling.fillers import NetworkFiller, load_fillers, network_fillers
from inpainting.masks import center_masks, composite, fill_hole
from inpainting.pixels import to_float, to_uint8
from inpainting.workdir import Workdir
from models import build_generator
from tests.dummies import SIZE, tiny_generator

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
    mask = np.uint8(center_masks(5, image_size=16, hole=4)) * random.integers(128, 256, (5, 1, 1, 1), np.uint8)
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


@pytest.fixture(scope="module")
def picky(tmp_path_factory):
    """The signatures of a loaded model of 8×8 pixels that fills the centred 4×4 hole; the model is let go."""
    data = SimpleNamespace(image_size=SIZE, fill="zeros")
    fillers = [NetworkFiller("tiny", tiny_generator(), data=data, hole=4)]
    path = export(fillers, tmp_path_factory.mktemp("export"))
    signatures = tf.saved_model.load(str(path)).signatures
    kept = {name: signatures[name] for name in ("serving_default", "from_bytes")}
    del signatures
    gc.collect()
    return kept


@pytest.fixture(scope="module")
def anywhere():
    """The signatures, before they are saved, of a model that fills any hole."""
    data = SimpleNamespace(image_size=SIZE, fill="zeros")
    return Inpainter([NetworkFiller("tiny", tiny_generator(), data=data, hole=None)]).endpoints


def pictures(count):
    return np.random.default_rng(0).integers(0, 256, (count, SIZE, SIZE, 3), np.uint8)


def masks(count, rows=slice(2, 6), columns=slice(2, 6), value=255):
    mask = np.zeros((count, SIZE, SIZE, 1), np.uint8)
    mask[:, rows, columns] = value
    return mask


def filled(signature, image, mask):
    return signature(image=tf.constant(image), mask=tf.constant(mask))["inpainted"].numpy()


def png(picture):
    file = io.BytesIO()
    Image.fromarray(np.squeeze(picture)).save(file, "PNG")
    return file.getvalue()


def filled_bytes(signature, images, masks):
    files = {"image_bytes": tf.constant(images, tf.string), "mask_bytes": tf.constant(masks, tf.string)}
    return [np.asarray(Image.open(io.BytesIO(file))) for file in signature(**files)["inpainted_bytes"].numpy()]


def first_line(call, *arguments):
    with pytest.raises(tf.errors.InvalidArgumentError) as refused:
        call(*arguments)
    return str(refused.value).splitlines()[0]


REFUSED = {
    "one mask for four": (pictures(4), masks(1), "4 images, 1 mask: one mask for each image"),
    "four masks for one": (pictures(1), masks(4), "1 image, 4 masks: one mask for each image"),
    "another size": (np.zeros((1, 9, 7, 3), np.uint8), masks(1), "image: 9×7×3, but this model takes 8×8×3"),
    "no colours": (pictures(2)[..., :1], masks(2), "image: 8×8×1, but"),
    "no batch": (pictures(1)[0], masks(1)[0], "image: 8×3, but"),
    "a mask of another size": (pictures(1), masks(1)[:, :4], "mask: 4×8×1, but this model takes 8×8×1"),
    "a flat mask": (pictures(8), masks(8)[..., 0], "mask: 8×8, but"),
    "floats": (pictures(1) / np.float32(255), masks(1), "image,mask>.* as input #0.*expected.*uint8.*float"),
    "a bool mask": (pictures(1), masks(1) > 0, "image,mask>.* as input #1.*expected.*uint8.*bool"),
    "a dark mask": (
        pictures(2),
        np.concatenate([masks(1), masks(1, value=127)]),
        "mask 1: nothing is missing, though not all is 0: 128 and above, of 255, is missing",
    ),
    "a shifted hole": (
        pictures(2),
        np.concatenate([masks(1), masks(1, slice(2, 6), slice(3, 7))]),
        "mask 1: this run fills the centred 4×4 hole alone, rows and columns 2 to 5: train it with --set mask=",
    ),
    "a large hole": (pictures(1), masks(1, slice(1, 7), slice(1, 7)), "fills the centred 4×4 hole alone"),
    "a scratch": (pictures(1), masks(1, slice(3, 4), slice(2, 6)), "fills the centred 4×4 hole alone"),
    "inside out": (pictures(1), 255 - masks(1), "fills the centred 4×4 hole alone"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_the_first_line_says_what_does_not_fit(picky, name):
    image, mask, message = REFUSED[name]
    assert re.search(message, first_line(filled, picky["serving_default"], image, mask))


def test_the_first_line_says_so_of_files_too(picky):
    image, mask = png(pictures(1)), png(masks(1))
    for images, their_masks, message in (
        ([image, image], [mask], "2 images, 1 mask: one mask for each image"),
        ([png(pictures(1)[:, :5])], [mask], "image: 5×8×3, but this model takes 8×8×3"),
        ([image], [png(masks(1)[:, :, :5])], "mask: 8×5×1, but this model takes 8×8×1"),
        ([image, image], [mask, png(masks(1, value=1))], "mask 1: nothing is missing, though not all is 0"),
        ([image], [png(255 - masks(1))], "mask 0: this run fills the centred 4×4 hole alone"),
        ([image], [b"no picture"], "neither PNG, JPEG nor a BMP of 24 bits"),
    ):
        assert message in first_line(filled_bytes, picky["from_bytes"], images, their_masks)


def test_no_picture_and_no_hole(picky):
    assert filled(picky["serving_default"], pictures(0), masks(0)).shape == (0, SIZE, SIZE, 3)
    assert filled_bytes(picky["from_bytes"], [], []) == []
    for mask in (masks(3, value=0), np.concatenate([masks(1, value=0), masks(2)])):
        answer = filled(picky["serving_default"], pictures(3), mask)
        np.testing.assert_array_equal(answer[mask[..., 0] == 0], pictures(3)[mask[..., 0] == 0])


def test_a_mask_is_0_and_1_or_0_to_255(anywhere):
    """Each mask for itself: its largest value tells."""
    image = np.repeat(pictures(1), 5, 0)
    expected = filled(anywhere["serving_default"], image[:1], masks(1))[0]
    assert (expected != image[0]).any(-1).sum() > 12
    mask = np.concatenate([masks(1, value=value) for value in (1, 128, 255, 255, 255)])
    mask[3, 0, 0], mask[4, 7, 7] = 1, 127  # known, beside 255
    answer = filled(anywhere["serving_default"], image, mask)
    np.testing.assert_array_equal(answer, np.broadcast_to(expected, answer.shape))
    assert "mask 0: nothing is missing" in first_line(
        filled, anywhere["serving_default"], image[:1], masks(1, value=2)
    )


def test_encoded_pictures_and_masks_of_other_kinds(anywhere):
    """16 bits, a palette; a mask of 1 bit, with an alpha, with noise as of a JPEG: all are the same hole."""
    image, mask = pictures(1) // 51 * 51, masks(1)
    expected = filled(anywhere["serving_default"], image, mask)[0]
    transparent = np.concatenate([np.zeros((SIZE, SIZE, 3), np.uint8), mask[0]], -1)
    noisy = np.where(mask > 0, 131, 120).astype(np.uint8)
    one_bit = io.BytesIO()
    Image.fromarray(mask[0, ..., 0]).convert("1").save(one_bit, "PNG")
    palette = io.BytesIO()
    colours = Image.fromarray(image[0]).quantize(256)
    assert (np.asarray(colours.convert("RGB")) == image[0]).all()
    colours.save(palette, "PNG")
    images = [png(image)] * 3 + [palette.getvalue()]
    answers = filled_bytes(
        anywhere["from_bytes"], images, [png(transparent), png(noisy), one_bit.getvalue(), png(mask)]
    )
    for answer in answers:
        np.testing.assert_array_equal(answer, expected)


@pytest.mark.slow
def test_one_by_one_as_in_a_batch(finished_run):
    served = tf.saved_model.load(str(finished_run / "saved_model" / "1")).signatures["serving_default"]
    image = np.random.default_rng(0).integers(0, 256, (1000, 16, 16, 3), np.uint8)
    mask = np.uint8(center_masks(1000, image_size=16, hole=4))
    together = filled(served, image, mask)
    for index in (0, 1, 499, 999):
        alone = filled(served, image[index : index + 1], mask[index : index + 1])
        np.testing.assert_array_equal(alone[0], together[index])


@pytest.mark.slow
@pytest.mark.parametrize("model", DENSITY)
@pytest.mark.parametrize("directions", [1, 4])
def test_a_density_model_with_nothing_to_do(small_config, model, directions, tmp_path):
    """In each mode: no pictures, no holes, fewer seeds than pictures."""
    config = small_config(model, directions=directions, layers=1, mask="rectangle")
    path = export(network_fillers(config, build_generator(config)), tmp_path)
    served = tf.saved_model.load(str(path)).signatures
    image = np.random.default_rng(0).integers(0, 256, (2, 16, 16, 3), np.uint8)
    mask = np.zeros((2, 16, 16, 1), np.uint8)
    for name in ("serving_default", "greedy", "sample"):
        for count in (0, 2):
            seed = {"seed": tf.range(count)} if name == "sample" else {}
            answer = served[name](image=tf.constant(image[:count]), mask=tf.constant(mask[:count]), **seed)
            np.testing.assert_array_equal(answer["inpainted"], image[:count])
            if name != "serving_default":
                np.testing.assert_array_equal(answer["log_likelihood"], np.zeros(count))

    def sample(seeds):
        return served["sample"](image=tf.constant(image), mask=tf.constant(mask), seed=tf.range(seeds))

    assert "2 images, 1 seed: one seed for each image" in first_line(sample, 1)
    assert filled_bytes(served["from_bytes"], [], []) == []
