"""The U-Net: any image size, the centred square alone where that is asked for, blocks that start as nothing."""

import numpy as np
import pytest
import tensorflow as tf

from inpainting.config.experiments import experiment
from inpainting.config.settings import with_settings
from inpainting.training.hardware import dtype_policy
from models import build_generator, trainable_parameters
from models.blocks import DepthToSpace, PadTo, SpaceToDepth
from models.unet import unet


def noise(*shape):
    return tf.constant(np.random.default_rng(0).uniform(-1, 1, shape), tf.float32)


@pytest.mark.parametrize(("height", "width"), [(16, 16), (33, 47), (50, 24)])
def test_any_image_size(height, width):
    """Of which one that is no multiple of 8 is predicted as its mirrored continuation is."""
    network = unet(image_size=32, patch=32, filters=4)
    context, mask = noise(1, height, width, 3), noise(1, height, width, 1)
    prediction = network([context, mask])
    assert prediction.shape == (1, height, width, 3) and prediction.dtype == tf.float32
    down, right = -height % 8, -width % 8
    padding = [[0, 0], [0, down], [0, right], [0, 0]]
    padded = [tf.pad(maps, padding, "REFLECT") for maps in (context, mask)]
    np.testing.assert_allclose(prediction, network(padded)[:, :height, :width], atol=1e-6)


@pytest.mark.parametrize(("image_size", "patch"), [(32, 8), (32, 16), (16, 6), (64, 16)])
def test_the_centred_square_alone(image_size, patch):
    network = unet(image_size=image_size, patch=patch, filters=4)
    inputs = [noise(2, image_size, image_size, 3), noise(2, image_size, image_size, 1)]
    prediction = network(inputs).numpy()
    assert prediction.shape == (2, image_size, image_size, 3)
    start = (image_size - patch) // 2
    inside = prediction[:, start : start + patch, start : start + patch].copy()
    prediction[:, start : start + patch, start : start + patch] = 0
    assert inside.any(axis=-1).all() and not prediction.any()


def test_both_have_the_same_weights():
    whole, square = (unet(image_size=32, patch=patch, filters=4) for patch in (32, 8))
    assert [w.shape for w in whole.get_weights()] == [w.shape for w in square.get_weights()]


@pytest.mark.parametrize(("size", "patch"), [(64, 16), (56, 14), (88, 22)])
def test_what_is_left_out_is_not_needed(size, patch):
    """With the same weights both predict the same hole, up to the border of the maps that are cut out.

    At 56 and 88 pixels the smallest map, of 7 or 11 places, has one in the middle.
    """
    whole, square = (unet(image_size=size, patch=side, filters=4) for side in (size, patch))
    square.set_weights(whole.get_weights())
    inputs = [noise(1, size, size, 3), noise(1, size, size, 1)]
    inside = slice((size - patch) // 2 + 4, (size + patch) // 2 - 4)
    np.testing.assert_allclose(whole(inputs)[:, inside, inside], square(inputs)[:, inside, inside], atol=1e-5)


@pytest.mark.parametrize(("levels", "blocks"), [(3, 1), (2, 2)])
def test_parameters_by_hand(levels, blocks):
    """3×3 convolutions have two values of a normalisation a filter; 1×1 ones and the last have a bias."""
    filters = 8

    def block(inputs, outputs):
        return 9 * inputs * outputs + 2 * outputs

    expected, before = 0, 16  # a pixel's 4 channels, 2×2 of them in a place
    for level in range(1, levels + 1):
        width = filters * 2 ** (level - 1)
        expected += block(before, width) + level * blocks * 2 * block(width, width)
        before = width
    for level in range(levels - 1, 0, -1):
        width = filters * 2 ** (level - 1)
        expected += (2 * width + 1) * 4 * width  # from the level below, to 2×2 places of it
        expected += block(2 * width, width) + 2 * block(width, width)
    expected += (9 * filters + 1) * 12
    network = unet(image_size=32, patch=8, filters=filters, levels=levels, blocks=blocks)
    assert trainable_parameters(network) == expected


def test_without_batch_normalization_its_convolutions_have_a_bias():
    plain, normal = (
        build_generator(with_settings(experiment("unet_l2"), {"batch_normalization": on}))
        for on in ("false", "true")
    )
    assert not any("bn" in layer.name for layer in plain.layers)
    biases = [weight for weight in plain.trainable_variables if len(weight.shape) == 1]
    scales = [weight for weight in normal.trainable_variables if len(weight.shape) == 1]
    assert 2 * len(biases) - 2 == len(scales)  # γ and β, but for the 1×1 and the last, which have no scale


def test_a_residual_block_starts_as_nothing():
    network = unet(image_size=32, patch=32, filters=4)
    scales = [layer.gamma for layer in network.layers if layer.name.endswith("_conv2_bn")]
    assert len(scales) == 1 + 2 + 3 + 1 + 1
    assert not any(np.any(tf.convert_to_tensor(scale)) for scale in scales)


def test_space_to_depth_and_back():
    maps = noise(2, 6, 10, 3)
    folded = SpaceToDepth(2)(maps)
    assert folded.shape == (2, 3, 5, 12)
    np.testing.assert_array_equal(folded[0, 1, 2, :3], maps[0, 2, 4])
    np.testing.assert_array_equal(DepthToSpace(2)(folded), maps)


def test_padding_mirrors_at_the_bottom_and_on_the_right():
    maps = tf.reshape(tf.range(9, dtype=tf.float32), [1, 3, 3, 1])
    padded = PadTo(4)(maps)[0, :, :, 0]
    np.testing.assert_array_equal(padded, [[0, 1, 2, 1], [3, 4, 5, 4], [6, 7, 8, 7], [3, 4, 5, 4]])
    padded = PadTo(8)(maps[:, :2, :1])[0, :, :, 0]  # to and fro: 0 3 0 3 …
    np.testing.assert_array_equal(padded, np.repeat([[0], [3]] * 4, 8, axis=1))


@pytest.mark.parametrize(("image_size", "patch"), [(32, 32), (32, 8)])
def test_a_residual_one_starts_as_its_context_and_adds_to_it(image_size, patch):
    network = unet(image_size=image_size, patch=patch, filters=4, residual=True)
    context, mask = noise(2, image_size, image_size, 3), noise(2, image_size, image_size, 1)
    start = (image_size - patch) // 2
    inside = np.zeros((1, image_size, image_size, 1))
    inside[:, start : start + patch, start : start + patch] = 1
    np.testing.assert_array_equal(network([context, mask]), context * inside)
    plain = unet(image_size=image_size, patch=patch, filters=4)
    weights = plain.get_weights()
    network.set_weights(weights)
    np.testing.assert_allclose(network([context, mask]), plain([context, mask]) + context * inside, atol=1e-6)


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_a_residual_one_takes_any_size_and_adds_in_float32(policy):
    with dtype_policy(policy):
        network = unet(image_size=32, patch=32, filters=4, residual=True)
    context, mask = noise(1, 33, 47, 3), noise(1, 33, 47, 1)
    np.testing.assert_array_equal(network([context, mask]), context)  # to the bit
    assert network([context, mask]).dtype == tf.float32


def test_the_field_of_view_of_photographs():
    """At least twice the largest hole, 64 pixels on each side, whatever the place of a pixel in its 8×8.

    With positive weights all that reaches a pixel has a gradient. By hand, in places of the half-size map:
    three convolutions, one of stride 2, four at half the density, one more of stride 2, six at a quarter, and
    on the way back three at half and four at full density: 1 + 2 · (3 + 1 + 4 · 2 + 2 + 6 · 4 + 3 · 2 + 4) =
    97. That is for a place in the corner of those of the levels below; for others it is up to 4 more.
    """
    config = experiment("photos_l2")
    network = unet(image_size=256, patch=256, filters=2, levels=config.generator.levels)
    for weight in network.trainable_variables:
        weight.assign(tf.fill(weight.shape, 0.1))
    context, mask = tf.ones([1, 256, 256, 3]), tf.zeros([1, 256, 256, 1])
    sides = []
    for place in range(124, 132):
        with tf.GradientTape() as tape:
            tape.watch(context)
            pixel = network([context, mask], training=False)[0, place, place, 0]
        seen = np.flatnonzero(np.abs(tape.gradient(pixel, context)[0, :, :, 0]).any(0))
        assert place - seen[0] >= config.data.hole and seen[-1] - place >= config.data.hole
        sides.append(seen[-1] - seen[0] + 1)
    assert min(sides) >= 2 * 97 and max(sides) <= 2 * (97 + 4)
