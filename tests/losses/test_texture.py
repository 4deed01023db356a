"""The texture loss, of pictures whose contrast is known."""

import numpy as np
import pytest
import tensorflow as tf

from inpainting.losses.texture import DARK, SCALES, texture_loss

EVERYWHERE = np.ones((1, 32, 32, 1), np.float32)
FLAT = np.zeros((1, 32, 32, 3), np.float32)
CHECKERBOARD = FLAT + np.float32(np.indices((32, 32)).sum(0) % 2 * 2 - 1)[None, :, :, None]


def test_a_checkerboard_has_contrast_between_neighbours_alone():
    """±0.1: neighbours differ by 0.2, in both directions; means of 2×2 and of 4×4 are 0."""
    stripes = np.float32(np.arange(32) % 2 * 0.2 - 0.1)[None, None, :, None] + FLAT  # in one direction
    for picture, squared in ((0.1 * CHECKERBOARD, 0.04), (stripes, 0.02)):
        (loss,) = texture_loss(completed=picture, target=FLAT, mask=EVERYWHERE)
        # The last row and the last column have no neighbour.
        inside = np.sqrt(squared + DARK) - np.sqrt(DARK)
        assert 0.95 * inside / len(SCALES) < float(loss) <= inside / len(SCALES) * (1 + 1e-5)


def test_the_truth_has_none_and_what_is_known_does_not_count():
    mask = np.zeros_like(EVERYWHERE)
    mask[:, 8:16, 8:16] = 1
    np.testing.assert_array_equal(texture_loss(completed=FLAT, target=FLAT, mask=mask), [0])
    far = CHECKERBOARD * (np.arange(32) >= 24)[None, None, :, None]
    np.testing.assert_array_equal(texture_loss(completed=far, target=FLAT, mask=mask), [0])
    np.testing.assert_array_equal(texture_loss(completed=CHECKERBOARD, target=FLAT, mask=0 * mask), [0])


def test_other_noise_of_the_same_strength_is_nearer_than_none():
    one, other = np.random.default_rng(0).normal(0, 0.2, (2, 1, 32, 32, 3)).astype(np.float32)
    near, far = (texture_loss(completed=fill, target=one, mask=EVERYWHERE) for fill in (other, FLAT))
    assert float(near[0]) < 0.2 * float(far[0])


@pytest.mark.parametrize("missing", [1.0, 0.0])
def test_its_gradient_is_finite_where_there_is_no_texture(missing):
    completed = tf.constant(FLAT)
    with tf.GradientTape() as tape:
        tape.watch(completed)
        loss = texture_loss(completed=completed, target=CHECKERBOARD, mask=missing * EVERYWHERE)
    assert np.isfinite(tape.gradient(loss, completed)).all()
