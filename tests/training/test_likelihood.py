"""The likelihood of sub-pixels, of a hole and of an image."""

import numpy as np
import pytest
import tensorflow as tf

from inpainting.losses.likelihood import bits, nats, per_image_nats


def test_uniform_logits_are_8_bits():
    values = nats(logits=tf.zeros([2, 5, 3, 256]), pixels=tf.zeros([2, 5, 3], tf.int32))
    assert values.shape == (2, 5, 3)
    np.testing.assert_allclose(bits(values), 8.0, rtol=1e-6)


def test_nats_by_hand():
    """Value 1 with three times the odds of each of the 255 others: p = 3 / 258."""
    logits = np.zeros((1, 3, 256), np.float32)
    logits[0, 0, 1] = np.log(3)
    values = nats(logits=tf.constant(logits), pixels=tf.constant([[1, 1, 1]]))[0]
    np.testing.assert_allclose(values, [-np.log(3 / 258), np.log(256), np.log(256)], rtol=1e-6)


def test_the_gradient_of_nats_is_p_minus_one_hot():
    """Of the mean of two pixels' six values; logits of any size, where p itself is 0 in float32 too."""
    logits = tf.Variable(np.random.default_rng(0).normal(size=(2, 3, 256)).astype(np.float32))
    logits[0, 0, 7].assign(500.0)
    pixels = tf.constant([[3, 200, 0], [7, 255, 9]])
    any_shape = [tf.TensorSpec([None, None, 256]), tf.TensorSpec([None, None], tf.int32)]
    nats_of = tf.function(lambda logits, pixels: nats(logits=logits, pixels=pixels), input_signature=any_shape)
    with tf.GradientTape() as tape:
        values = nats_of(logits, pixels)
        mean = tf.reduce_mean(values)
    exact = logits.numpy().astype(np.float64)
    log_p = exact - np.log(np.exp(exact).sum(-1, keepdims=True))
    one_hot = np.eye(256)[pixels.numpy()]
    np.testing.assert_allclose(values, -(log_p * one_hot).sum(-1), rtol=1e-5)
    np.testing.assert_allclose(tape.gradient(mean, logits), (np.exp(log_p) - one_hot) / 6, atol=1e-7)
    # What is added to all logits of a value does not matter: 2^13 leaves 2^-11 of each as it was.
    coarse = np.round(logits.numpy()[1:] * 1024) / 1024
    np.testing.assert_allclose(*(nats_of(coarse + shift, pixels[1:]) for shift in (0, 8192)), rtol=1e-6)


def test_one_logit_vector_a_sub_pixel():
    for pixels in ([5, 1, 3], [3, 5], [5, 1]):
        with pytest.raises(ValueError, match="One logit vector"):
            nats(logits=tf.zeros([5, 3, 256]), pixels=tf.zeros(pixels, tf.int32))


class Uniform:
    """Every value is as likely: ln 256 nats a sub-pixel."""

    conditional = False

    def __call__(self, pixels, training=False):
        return tf.zeros([*pixels.shape, 256])


def test_nats_and_bits_of_a_hole_and_an_image():
    mask = np.zeros((2, 4, 4, 1), np.float32)
    mask[0, :2, :2] = 1  # 4 pixels, 12 sub-pixels
    mask[1, 0, 0] = 1
    values = per_image_nats(Uniform(), tf.zeros([2, 4, 4, 3], tf.int32), mask)
    np.testing.assert_allclose(values["nats_per_hole"], [12 * np.log(256), 3 * np.log(256)], rtol=1e-6)
    np.testing.assert_allclose(values["hole_bits_per_dim"], [8, 8], rtol=1e-6)
    np.testing.assert_allclose(values["bits_per_dim"], [8, 8], rtol=1e-6)


class UniformInTheHole:
    """A conditional network: every value of a hole pixel is as likely."""

    conditional = True

    def describe(self, pixels, mask):
        return None

    def logits_at(self, pixels, where, *, description):
        return tf.zeros([len(where), 3, 256])


def test_nats_and_bits_of_a_hole_given_its_context():
    mask = np.zeros((2, 4, 4, 1), np.float32)
    mask[0, :2, :2] = mask[1, 0, 0] = 1
    values = per_image_nats(UniformInTheHole(), tf.zeros([2, 4, 4, 3], tf.int32), mask)
    np.testing.assert_allclose(values["nats_per_hole"], [12 * np.log(256), 3 * np.log(256)], rtol=1e-6)
    np.testing.assert_allclose(values["hole_bits_per_dim"], [8, 8], rtol=1e-6)
    assert "bits_per_dim" not in values
