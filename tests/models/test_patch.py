"""The patch critic: what a place sees, and which places count."""

import numpy as np
import pytest
import tensorflow as tf

from inpainting.training.hardware import dtype_policy
from models.patch import MeanOverHole, patch_critic


def noise(*shape):
    return tf.constant(np.random.default_rng(0).uniform(-1, 1, shape), tf.float32)


def test_the_mean_over_the_places_that_touch_the_hole():
    """Of 2×2 places of 4×4 pixels. A single pixel touches one; a line over two places the mean of both."""
    scores = tf.constant([[1.0, 2.0], [3.0, 4.0]])[None, ..., None]
    mask = np.zeros((3, 8, 8, 1), np.float32)
    mask[0, 7, 0] = 1  # the lower left
    mask[1, 2, 3:5] = 1  # both upper ones
    np.testing.assert_allclose(MeanOverHole()([tf.tile(scores, [3, 1, 1, 1]), mask]), [3, 1.5, 0])


@pytest.mark.parametrize("image_size", [4, 6, 10, 13, 96])
def test_every_size_has_its_places(image_size):
    critic = patch_critic(image_size=image_size, filters=4)
    places = critic.get_layer("score").output.shape[1]
    assert places == -(-image_size // 8)
    assert critic([noise(2, image_size, image_size, 3), tf.ones([2, image_size, image_size, 1])]).shape == (2,)


def test_a_place_sees_59_pixels():
    """3 by the first convolution, then + 2 · 2 twice, + 2 · 4 twice, + 2 · 8 and, by the score, + 2 · 8."""
    critic = patch_critic(image_size=96, filters=4)
    for weight in critic.trainable_variables:
        weight.assign(tf.fill(weight.shape, 0.1))
    image, mask = tf.ones([1, 96, 96, 3]), np.zeros((1, 96, 96, 1), np.float32)
    mask[0, 50, 50] = 1
    with tf.GradientTape() as tape:
        tape.watch(image)
        score = critic([image, tf.constant(mask)])
    seen = np.flatnonzero(np.abs(tape.gradient(score, image)[0, :, :, 0]).any(0))
    assert len(seen) == 59 and seen[0] <= 50 - 20 and seen[-1] >= 50 + 20


def test_what_no_place_at_the_hole_sees_does_not_matter():
    critic = patch_critic(image_size=96, filters=8)
    image, mask = noise(1, 96, 96, 3).numpy(), np.zeros((1, 96, 96, 1), np.float32)
    mask[:, 46:50, 46:50] = 1
    before = critic([image, mask]).numpy()
    image[:, :8] = image[:, :, 88:] = 1
    np.testing.assert_allclose(critic([image, mask]), before, rtol=1e-5)
    image[:, 47, 47] = 1
    assert critic([image, mask]).numpy() != before


def test_the_score_is_float32_in_16_bits():
    with dtype_policy("mixed_bfloat16"):
        critic = patch_critic(image_size=16, filters=4)
    assert critic([noise(1, 16, 16, 3), tf.ones([1, 16, 16, 1])]).dtype == tf.float32
    assert critic.get_layer("stage1_conv1").compute_dtype == "bfloat16"
