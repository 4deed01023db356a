"""Whatever fills a hole: known pixels stay, the hole is not looked at, what is drawn follows from a seed."""

from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from inpainting import checkpoints
from inpainting.errors import InputError
from inpainting.filling.classical import CLASSICAL
from inpainting.filling.completion import MODES
from inpainting.filling.fillers import (
    Blend,
    ClassicalFiller,
    DensityFiller,
    NetworkFiller,
    load_fillers,
    network_fillers,
)
from inpainting.losses.likelihood import per_image_nats
from inpainting.variables import ordered_variables, weights_of
from inpainting.workdir import Workdir
from models import build_generator, trainable_parameters
from models.pixel_cnn import pixel_cnn
from tests.dummies import SIZE, tiny_generator

RANDOM = np.random.default_rng(0)
PICTURES = RANDOM.integers(0, 256, (3, SIZE, SIZE, 3), np.uint8)
MASKS = np.zeros((3, SIZE, SIZE), np.float32)
MASKS[0, 2:5, 3:6] = MASKS[1, 2:6, 2:6] = MASKS[2, 4, 4] = MASKS[2, 2, 5] = 1


def network_filler(fill, hole=None, mirrored=False):
    data = SimpleNamespace(image_size=SIZE, fill=fill)
    name = "network mirrored" if mirrored else f"network {fill}"
    return NetworkFiller(name, tiny_generator(), data=data, hole=hole, mirrored=mirrored)


def density_filler(mode):
    network = pixel_cnn(units=16, layers=1)
    for weight in network.trainable_variables:  # values must be told apart
        weight.assign(weight + 0.1 * np.random.default_rng(0).normal(size=weight.shape).astype(np.float32))
    data = SimpleNamespace(image_size=SIZE, fill="zeros")
    return DensityFiller(f"pixel_cnn {mode}", network, mode=mode, data=data, hole=None)


def blend(realism=0.3):
    return Blend("blend", network_filler("mean"), network_filler("noise"), realism)


FILLERS = {
    "blend": blend,
    "network mirrored": partial(network_filler, "mean", mirrored=True),
    **{f"network {fill}": partial(network_filler, fill) for fill in ("zeros", "mean", "noise")},
    **{f"pixel_cnn {mode}": partial(density_filler, mode) for mode in MODES},
    **{name: partial(ClassicalFiller, name, method) for name, method in CLASSICAL.items()},
}


@pytest.mark.parametrize("name", FILLERS)
def test_what_every_filler_keeps_to(name):
    filler = FILLERS[name]()
    assert filler.name == name
    completed = filler(PICTURES, MASKS, seed=3)
    assert completed.shape == PICTURES.shape and completed.dtype == np.uint8
    np.testing.assert_array_equal(completed[MASKS == 0], PICTURES[MASKS == 0])
    assert (completed[MASKS == 1] != PICTURES[MASKS == 1]).any()
    # What is inside the hole is not looked at.
    other = np.where(MASKS[..., None] > 0, 255 - PICTURES, PICTURES)
    np.testing.assert_array_equal(filler(other, MASKS, seed=3), completed)
    # Nor is any other picture, nor how many came before: seed + index are all that a sample depends on.
    for index in range(3):
        alone = filler(PICTURES[index:][:1], MASKS[index:][:1], seed=3 + index)
        np.testing.assert_array_equal(alone[0], completed[index])
    assert (filler(PICTURES, MASKS, seed=99) != completed).any() == (name == "pixel_cnn sample")


@pytest.mark.parametrize("fill", ["zeros", "mean"])
def test_a_one_layer_network_by_hand(fill):
    """The 3×3 convolution of the filled context and the mask, in [-1, 1]; of it what is missing, as bytes."""
    filler = network_filler(fill)
    kernel, bias = filler.network.get_weights()
    bias = np.array([-2.0, 0.5, 0.01], np.float32)  # one colour is too dark for a picture
    filler.network.set_weights([kernel, bias])
    images, mask = PICTURES / 127.5 - 1, MASKS[..., None]
    filling = 0
    if fill == "mean":
        known = (images * (1 - mask)).sum((1, 2)) / (1 - mask).sum((1, 2))
        filling = known[:, None, None]
    inputs = np.concatenate([np.where(mask > 0, filling, images), mask], -1)
    padded = np.pad(inputs, [[0, 0], [1, 1], [1, 1], [0, 0]])
    windows = [padded[:, i : i + SIZE, j : j + SIZE] @ kernel[i, j] for i in range(3) for j in range(3)]
    values = np.clip((sum(windows) + bias + 1) * 127.5, 0, 255)
    expected = np.where(mask > 0, values, PICTURES)
    assert (values[..., 0][MASKS > 0] == 0).any() and values[..., 1][MASKS > 0].min() > 0
    np.testing.assert_allclose(filler(PICTURES, MASKS), expected, atol=0.501)  # rounded


def test_noise_follows_from_the_picture_alone():
    """A 1×1 convolution that passes the context on: what is painted is the noise, clipped N(0, 0.5²)."""
    filler = network_filler("noise")
    identity = np.zeros((3, 3, 4, 3), np.float32)
    identity[1, 1, :3] = np.eye(3)
    filler.network.set_weights([identity, np.zeros(3, np.float32)])
    pictures = np.stack([PICTURES[0], PICTURES[1], PICTURES[0]])
    mask = np.zeros((3, SIZE, SIZE), np.float32)
    mask[:, 1:7, 1:7] = 1
    noise = filler(pictures, mask)[:, 1:7, 1:7] / 127.5 - 1
    np.testing.assert_array_equal(noise[0], noise[2])  # wherever in the batch it stands
    assert np.abs(noise[0] - noise[1]).mean() > 0.3  # another picture: E|a − b| = 0.5 · 2 / √π = 0.56
    assert noise.std() == pytest.approx(0.47, abs=0.07)
    assert len(np.unique(noise[0])) > 60  # of 108 draws: each pixel and colour has its own


def test_a_hole_that_was_not_trained_is_refused():
    filler = network_filler("zeros", hole=4)
    masks = np.zeros((2, SIZE, SIZE))
    masks[1, 2:6, 2:6] = 1
    filler(PICTURES[:2], masks)  # the first has no hole
    for rows, columns in ((slice(2, 6), slice(3, 7)), (slice(1, 7), slice(1, 7)), (slice(3, 4), slice(2, 6))):
        other = np.zeros_like(masks)
        other[1, rows, columns] = 1
        with pytest.raises(
            InputError, match="fills the centred 4×4 hole alone, rows and columns 2 to 5: train"
        ):
            filler(PICTURES[:2], other)
    network_filler("zeros")(PICTURES[:2], other)


def test_a_density_filler_knows_the_likelihood():
    filler = density_filler("mean")
    pixels, mask = tf.constant(PICTURES, tf.int32), tf.constant(MASKS[..., None])
    expected = per_image_nats(filler.network, pixels, mask)
    for key, values in filler.likelihood(pixels, mask).items():
        np.testing.assert_allclose(values, expected[key], rtol=1e-5)


@pytest.mark.parametrize(("model", "hole"), [("cnn_l2", 4), ("pixel_cnn", None), ("conditional_pixel_cnn", 4)])
def test_what_a_trained_network_fills_as(model, hole, small_config):
    """A density model in each mode; the usual one bears the model's name and comes first."""
    config = small_config(model)
    network = build_generator(config)
    fillers = network_fillers(config, network)
    if model == "cnn_l2":
        assert [(filler.name, filler.signature, filler.draws) for filler in fillers] == [
            ("cnn_l2", "serving_default", False)
        ]
    else:
        assert [(filler.name, filler.signature, filler.draws) for filler in fillers] == [
            (model, "serving_default", False),
            (f"{model} greedy", "greedy", False),
            (f"{model} sample", "sample", True),
        ]
    for filler in fillers:
        assert filler.parameters == trainable_parameters(network)
        assert filler.hole == hole


def test_a_run_s_filler_has_its_best_averaged_weights(small_config, tmp_path):
    config, workdir = small_config("cnn_l2"), Workdir(tmp_path)
    workdir.create(config, overwrite=False)
    network = build_generator(config)
    starts = [np.array(variable.numpy()) for variable in weights_of(network)]
    for path, step, factor in ((workdir.last, 20, 2), (workdir.best, 10, 3)):
        for variable, start in zip(weights_of(network), starts, strict=True):
            variable.assign(factor * start)
        checkpoints.save(path, {"ema_generator": ordered_variables(network)}, {"best_step": step})
        (filler,), progress = load_fillers(workdir)
        assert progress == {"best_step": step}  # the last one as long as there is no best one
        for variable, start in zip(weights_of(filler.network), starts, strict=True):
            np.testing.assert_array_equal(variable.numpy(), factor * start)
    (tmp_path / "config.json").unlink()
    with pytest.raises(InputError, match="not a run's directory"):
        load_fillers(workdir)


def test_a_mirrored_filler_is_the_mean_of_both_ways_round():
    """A picture's mirror image gets the mirror image of its fill; each byte lies between the two fills."""
    mirrored, usual = network_filler("mean", mirrored=True), network_filler("mean")
    usual.network = mirrored.network
    completed, there = mirrored(PICTURES, MASKS), usual(PICTURES, MASKS)
    back = usual(PICTURES[:, :, ::-1], MASKS[:, :, ::-1])[:, :, ::-1]
    flipped = mirrored(PICTURES[:, :, ::-1], MASKS[:, :, ::-1])[:, :, ::-1]
    np.testing.assert_array_equal(flipped, completed)
    unclipped = (np.minimum(there, back) > 0) & (np.maximum(there, back) < 255)
    assert (there != back)[unclipped].any()
    mean = (np.float32(there) + back) / 2
    np.testing.assert_allclose(completed[unclipped], mean[unclipped], atol=1.01)  # of three roundings


def test_a_blend_lies_between_two_fillers():
    """Its ends are the two to the bit; between them, rounded: 200 + 0.25 · (100 − 200) = 175."""
    filler = blend()
    for filler.realism, name in (0, "faithful"), (1, "sharp"):
        alone = getattr(filler, name)(PICTURES, MASKS, seed=3)
        np.testing.assert_array_equal(filler(PICTURES, MASKS, seed=3), alone)

    def grey(value):
        return ClassicalFiller("grey", lambda pictures, masks: np.where(masks[..., None], value, pictures))

    completed = Blend("blend", grey(np.uint8(200)), grey(np.uint8(100)), 0.25)(PICTURES, MASKS)
    assert (completed[MASKS > 0] == 175).all()
    assert filler.parameters == 2 * filler.sharp.parameters > 0
