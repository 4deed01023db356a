"""Layers and blocks that the networks share. A block maps a tensor to a tensor."""

from functools import partial

import numpy as np
import tensorflow as tf
from tensorflow import keras

conv = partial(keras.layers.Conv2D, kernel_size=3, padding="same", kernel_initializer="he_normal")
conv_transpose = partial(
    keras.layers.Conv2DTranspose, kernel_size=4, padding="same", kernel_initializer="he_normal"
)


@keras.utils.register_keras_serializable("inpainting")
class BatchNormalization(keras.layers.BatchNormalization):
    """Keras' batch normalisation over [B, H, W, C], computed by TensorFlow's fused kernel on both stacks.

    Keras 3 composes it from a dozen elementwise operations, 3 to 4 times slower on a CPU.
    """

    def call(self, inputs, training=False):
        if training:
            outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(
                inputs,
                tf.convert_to_tensor(self.gamma),
                tf.convert_to_tensor(self.beta),
                epsilon=self.epsilon,
                is_training=True,
            )
            for moving, batch in ((self.moving_mean, mean), (self.moving_variance, variance)):
                moving.assign(moving * self.momentum + batch * (1 - self.momentum))
            return outputs
        return tf.compat.v1.nn.fused_batch_norm(
            inputs,
            tf.convert_to_tensor(self.gamma),
            tf.convert_to_tensor(self.beta),
            mean=tf.convert_to_tensor(self.moving_mean),
            variance=tf.convert_to_tensor(self.moving_variance),
            epsilon=self.epsilon,
            is_training=False,
        )[0]


@keras.utils.register_keras_serializable("inpainting")
class Dropout(keras.layers.Layer):
    """Dropout whose random state is a weight, so that a checkpoint resumes the same draws.

    Keras' own keeps its state in the kernel (2.15) or in a seed generator that a checkpoint of the weights
    leaves out (3). The weight `state` is int64 [start, draws]: each training call uses it as the stateless
    seed and adds one to `draws`. `start` is drawn from NumPy's global generator, which
    `keras.utils.set_random_seed` seeds. A draw is 8 bits, so the rate is rounded to a multiple of 1/256.
    """

    def __init__(self, rate, **kwargs):
        super().__init__(**kwargs)
        if not 0 <= rate < 1:
            raise ValueError(f"A dropout rate lies in [0, 1). Received: {rate}")
        self.rate = rate

    def build(self, input_shape):
        start = np.array([np.random.randint(2**31), 0])
        self.state = self.add_weight(
            name="state",
            shape=(2,),
            dtype="int64",
            trainable=False,
            initializer=lambda shape, dtype=None, **_: tf.constant(start, tf.int64),
        )
        super().build(input_shape)

    def call(self, inputs, training=False):
        levels = min(round(self.rate * 256), 255)
        if not training or levels == 0:
            return inputs
        seed = tf.convert_to_tensor(self.state)
        self.state.assign(seed + tf.constant([0, 1], tf.int64))
        size = tf.size(inputs)
        words = tf.random.stateless_uniform([size // 4 + 1], seed, None, None, tf.int32)
        bits = tf.reshape(tf.bitcast(words, tf.uint8), [-1])[:size]
        keep = tf.reshape(bits >= levels, tf.shape(inputs))
        return tf.where(keep, inputs * (256 / (256 - levels)), tf.zeros([], inputs.dtype))

    def get_config(self):
        return {**super().get_config(), "rate": self.rate}


def normalise_and_activate(x, *, dropout, name):
    """Batch normalisation, ReLU, dropout: what follows every convolution of a generator (section 4, 7.1)."""
    # Momentum 0.9: with the default 0.99 the moving statistics lag the weights of the first thousand steps.
    x = BatchNormalization(momentum=0.9, name=f"{name}_bn")(x)
    x = keras.layers.ReLU(name=f"{name}_relu")(x)
    return Dropout(dropout, name=f"{name}_dropout")(x) if dropout else x


def conv_block(x, filters, *, dropout=0.0, name, **kwargs):
    """Convolution, batch normalisation, ReLU, dropout. Keyword arguments go to the convolution."""
    x = conv(filters, use_bias=False, name=name, **kwargs)(x)
    return normalise_and_activate(x, dropout=dropout, name=name)


def conv_transpose_block(x, filters, *, dropout=0.0, name, **kwargs):
    """Transposed convolution, batch normalisation, ReLU, dropout."""
    x = conv_transpose(filters, use_bias=False, name=name, **kwargs)(x)
    return normalise_and_activate(x, dropout=dropout, name=name)


def critic_block(x, filters, *, name, **kwargs):
    """Convolution and Leaky ReLU (slope 0.2), no normalisation.

    Under weight clipping a normalisation's scale could not stay near 1, and batch normalisation would couple
    the images of a batch, which the gradient penalty forbids.
    """
    x = conv(filters, name=name, **kwargs)(x)
    return keras.layers.LeakyReLU(0.2, name=f"{name}_leaky_relu")(x)


def critic_score(x):
    """A convolution to depth 1 and its mean over the map: one unbounded float32 score an image, [B]."""
    # float32: the Wasserstein estimate is a small difference of large means.
    x = conv(1, dtype="float32", name="score")(x)
    x = keras.layers.GlobalAveragePooling2D(dtype="float32", name="score_mean")(x)
    return keras.layers.Reshape((), dtype="float32", name="score_scalar")(x)
