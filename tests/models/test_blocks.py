"""The layers that the networks are built of, each against its definition or Keras' own."""

import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from models.blocks import (
    BatchNormalization,
    Conv2D,
    Conv2DTranspose,
    DropConnectConv2D,
    Dropout,
    LeakyReLU,
    conv_block,
)


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_leaky_relu_by_hand(dtype):
    x = tf.Variable([-4.0, -0.5, 0.5, 4.0], dtype=dtype.removeprefix("mixed_"))
    with tf.GradientTape() as tape:
        y = LeakyReLU(dtype=dtype)(x)
    assert y.dtype == x.dtype
    np.testing.assert_allclose(tf.cast(y, tf.float32), [-0.8, -0.1, 0.5, 4.0], rtol=4e-3)
    np.testing.assert_allclose(tf.cast(tape.gradient(y, x), tf.float32), [0.2, 0.2, 1, 1], rtol=4e-3)
    # As the gradient penalty needs it, Σ w leaky(w x): its gradient in w is 2 w x slope, in w again 2 x slope.
    w = tf.Variable([1.0, 2.0, -1.0], dtype=x.dtype)
    with tf.GradientTape() as outer:
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(w * LeakyReLU(dtype=dtype)(w * tf.constant([1, -2, 3], x.dtype)))
        slope = tape.gradient(y, w)
    np.testing.assert_allclose(tf.cast(slope, tf.float32), [2, -1.6, -1.2], rtol=8e-3)
    np.testing.assert_allclose(tf.cast(outer.gradient(slope, w), tf.float32), [2, -0.8, 1.2], rtol=8e-3)


def test_batch_normalisation_is_keras_own():
    ours, theirs = BatchNormalization(momentum=0.9), keras.layers.BatchNormalization(momentum=0.9)
    batch = tf.random.stateless_normal([8, 5, 5, 3], [3, 4], mean=2.0, stddev=3.0)
    for layer in (ours, theirs):
        layer.build(batch.shape)
    np.testing.assert_allclose(ours(batch, training=True), theirs(batch, training=True), atol=1e-4)
    for moved, expected in zip(ours.weights, theirs.weights, strict=True):
        # The kernel's variance divides by n − 1, n = 200 here.
        np.testing.assert_allclose(moved.numpy(), expected.numpy(), rtol=6e-3)
    np.testing.assert_allclose(ours(batch, training=False), theirs(batch, training=False), rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize("rate", [0.0, 0.25, 0.5])
def test_dropout_drops_its_share_and_keeps_the_mean(rate):
    layer = Dropout(rate)
    dropped = layer(tf.ones([100, 10, 10, 10]), training=True).numpy()
    assert (dropped == 0).mean() == pytest.approx(rate, abs=0.01)
    assert dropped.mean() == pytest.approx(1, abs=0.02)
    kept = tf.random.stateless_normal([2, 3, 3, 3], [1, 2])
    np.testing.assert_array_equal(layer(kept, training=False), kept)


def test_dropout_s_state_is_a_weight():
    layer, twin = Dropout(0.5), Dropout(0.5)
    inputs = tf.ones([4, 9, 9, 5])
    for each in (layer, twin):
        each.build(inputs.shape)
    first = layer(inputs, training=True).numpy()
    saved = layer.state.numpy()
    second = tf.function(lambda: layer(inputs, training=True))().numpy()
    assert (first != second).any()
    twin.state.assign(saved)
    np.testing.assert_array_equal(twin(inputs, training=True), second)


def test_dropout_refuses_a_rate_of_one():
    with pytest.raises(ValueError, match=r"\[0, 1\). Received: 1"):
        Dropout(1.0)


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize(
    ("ours", "theirs", "pixels", "shape"),
    [
        (Conv2D, keras.layers.Conv2D, 4, (2, 1, 1, 6)),
        (Conv2D, keras.layers.Conv2D, 6, (2, 3, 3, 6)),  # not the whole map
        (Conv2DTranspose, keras.layers.Conv2DTranspose, 1, (2, 4, 4, 6)),
        (Conv2DTranspose, keras.layers.Conv2DTranspose, 2, (2, 5, 5, 6)),  # not a single pixel
    ],
)
def test_matrix_products_are_the_convolutions(ours, theirs, pixels, shape, precision):
    layers = [kind(6, 4, padding="valid", dtype=precision) for kind in (ours, theirs)]
    maps = np.random.default_rng(0).normal(size=(2, pixels, pixels, 5)).astype(np.float32)
    for layer in layers:
        layer.build(maps.shape)
    layers[0].bias.assign(range(6))
    layers[1].set_weights(layers[0].get_weights())
    product, convolution = (layer(maps) for layer in layers)
    assert product.shape == shape and product.dtype == convolution.dtype
    np.testing.assert_allclose(
        tf.cast(product, tf.float32), tf.cast(convolution, tf.float32), rtol=1e-2, atol=2e-2
    )


def test_drop_connect_drops_connections_in_training():
    layer = DropConnectConv2D(8, 3, padding="same", use_bias=True, rate=0.25)
    layer.build((None, 5, 5, 4))
    kernel = np.array(layer.kernel)
    # Each input channel alone, one tap at a time: the outputs are the connections that are left.
    impulse = np.zeros((4, 5, 5, 4), np.float32)
    impulse[range(4), 2, 2, range(4)] = 1
    left = layer(impulse, training=True).numpy()[:, 1:4, 1:4][:, ::-1, ::-1]  # [input, row, column, output]
    expected = kernel.transpose(2, 0, 1, 3)
    dropped = left == 0
    assert 0.15 < dropped.mean() < 0.35
    np.testing.assert_allclose(left[~dropped], expected[~dropped] / 0.75, rtol=1e-5)
    np.testing.assert_allclose(
        layer(impulse, training=False).numpy()[:, 1:4, 1:4][:, ::-1, ::-1], expected, rtol=1e-5
    )
    again = layer(impulse, training=True).numpy()[:, 1:4, 1:4][:, ::-1, ::-1]
    assert ((again == 0) != dropped).any()


def test_drop_connect_is_a_block_s_convolution():
    x = keras.Input((8, 8, 4))
    block = keras.Model(x, conv_block(x, 8, name="a", drop_connect=0.5))
    assert isinstance(block.get_layer("a"), DropConnectConv2D)
