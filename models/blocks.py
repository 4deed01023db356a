"""Layers and blocks that the networks share. A block maps a tensor to a tensor."""

from functools import partial

import numpy as np
import tensorflow as tf
from tensorflow import keras

from inpainting import replicas
from inpainting.variables import resource
from models.batch_normalization import BatchNormalization


class RandomState:
    """Mixed into a layer whose random state is a weight, so that a checkpoint resumes the same draws.

    Keras' own keep theirs in the kernel (2.15) or in a seed generator that a checkpoint of the weights leaves
    out (3). The weight `state` is int64 [start, draws]: each draw takes it as the stateless seed and adds one
    to `draws`. `start` comes from NumPy's global generator, which `keras.utils.set_random_seed` seeds. A draw
    is 8 bits, so a rate is rounded to a multiple of 1/256.
    """

    def set_rate(self, rate):
        if not 0 <= rate < 1:
            raise ValueError(f"A rate lies in [0, 1). Received: {rate}")
        self.rate = rate

    def add_random_state(self):
        start = np.array([np.random.randint(2**31), 0])
        self.state = self.add_weight(
            name="state",
            shape=(2,),
            dtype="int64",
            trainable=False,
            initializer=lambda shape, dtype=None, **_: tf.constant(start, tf.int64),
        )

    def drop(self, values, of_batch=True):
        """The tensor with a share `rate` of its values set to 0 and the rest scaled to keep the mean.

        of_batch: whether its rows are of this replica's images, not the same for all.
        """
        levels = min(round(self.rate * 256), 255)
        if levels == 0:
            return values
        state = resource(self.state)
        seed = tf.identity(state)
        state.assign_add(tf.constant([0, 1], tf.int64))
        size = tf.size(values)
        draws, first = (size * replicas.count(), size * replicas.index()) if of_batch else (size, 0)
        words = tf.random.stateless_uniform([draws // 4 + 1], seed, None, None, tf.int32)
        bits = tf.reshape(tf.bitcast(words, tf.uint8), [-1])[first : first + size]
        keep = tf.reshape(bits >= levels, tf.shape(values))
        # A product: the gradient of `tf.where` in bfloat16 takes four times as long on a CPU.
        return values * (tf.cast(keep, values.dtype) * (256 / (256 - levels)))


@keras.utils.register_keras_serializable("inpainting")
class Dropout(RandomState, keras.layers.Layer):
    """Drops a share `rate` of the activations in training."""

    def __init__(self, rate, **kwargs):
        super().__init__(**kwargs)
        self.set_rate(rate)

    def build(self, input_shape):
        self.add_random_state()
        super().build(input_shape)

    def call(self, inputs, training=False):
        return self.drop(inputs) if training else inputs

    def get_config(self):
        return {**super().get_config(), "rate": self.rate}


@keras.utils.register_keras_serializable("inpainting")
class LeakyReLU(keras.layers.Layer):
    """max(x, 0.2 x), in float32: in bfloat16 TensorFlow's gradient takes three times as long on a CPU."""

    def call(self, inputs):
        return tf.cast(tf.nn.leaky_relu(tf.cast(inputs, tf.float32), 0.2), inputs.dtype)


@keras.utils.register_keras_serializable("inpainting")
class Conv2D(keras.layers.Conv2D):
    """Keras' convolution; over a whole map, [B, M, M, C] -> [B, 1, 1, F], as the matrix product that it is.

    On a CPU that is three times faster, gradients included.
    """

    def convolution_op(self, inputs, kernel):
        if self.padding != "valid" or inputs.shape[1:3] != kernel.shape[:2]:
            return super().convolution_op(inputs, kernel)
        matrix = tf.reshape(tf.convert_to_tensor(kernel), [-1, self.filters])
        return tf.reshape(tf.reshape(inputs, [-1, matrix.shape[0]]) @ matrix, [-1, 1, 1, self.filters])


@keras.utils.register_keras_serializable("inpainting")
class Conv2DTranspose(keras.layers.Conv2DTranspose):
    """Keras' transposed convolution; of a single pixel, [B, 1, 1, C] -> [B, K, K, F], as a matrix product.

    On a CPU that is ten times faster, gradients included.
    """

    def call(self, inputs):
        if self.padding != "valid" or inputs.shape[1:3] != (1, 1):
            return super().call(inputs)
        kernel = tf.convert_to_tensor(self.kernel)
        pixel = tf.reshape(inputs, [-1, kernel.shape[3]])
        outputs = tf.matmul(pixel, tf.reshape(kernel, [-1, kernel.shape[3]]), transpose_b=True)
        outputs = tf.reshape(outputs, [-1, *self.kernel_size, self.filters])
        return outputs + tf.convert_to_tensor(self.bias) if self.use_bias else outputs


@keras.utils.register_keras_serializable("inpainting")
class DropConnectConv2D(RandomState, Conv2D):
    """A convolution that drops a share `rate` of its connections in training (Wan et al. 2013, DropConnect).

    One draw of the kernel's weights for the whole batch.
    """

    def __init__(self, *arguments, rate, **kwargs):
        super().__init__(*arguments, **kwargs)
        self.set_rate(rate)

    def build(self, input_shape):
        super().build(input_shape)
        self.add_random_state()

    def call(self, inputs, training=False):
        kernel = tf.convert_to_tensor(self.kernel)
        outputs = self.convolution_op(inputs, self.drop(kernel, of_batch=False) if training else kernel)
        return outputs + tf.convert_to_tensor(self.bias) if self.use_bias else outputs

    def get_config(self):
        return {**super().get_config(), "rate": self.rate}


@keras.utils.register_keras_serializable("inpainting")
class SpaceToDepth(keras.layers.Layer):
    """[B, s · H, s · W, C] -> [B, H, W, s² · C], s × s pixels in each place."""

    def __init__(self, size, **kwargs):
        super().__init__(**kwargs)
        self.size = size

    def call(self, inputs):
        return tf.nn.space_to_depth(inputs, self.size)

    def get_config(self):
        return {**super().get_config(), "size": self.size}


@keras.utils.register_keras_serializable("inpainting")
class DepthToSpace(SpaceToDepth):
    """The inverse of SpaceToDepth."""

    def call(self, inputs):
        return tf.nn.depth_to_space(inputs, self.size)


@keras.utils.register_keras_serializable("inpainting")
class PadTo(SpaceToDepth):
    """Pads maps [B, H, W, C] at the bottom and on the right, mirrored, to multiples of `size`.

    Maps that are smaller than what is added to them are mirrored to and fro.
    """

    def call(self, inputs):
        rows, columns = (self._mirrored(tf.shape(inputs)[axis]) for axis in (1, 2))
        return tf.gather(tf.gather(inputs, rows, axis=1), columns, axis=2)

    def _mirrored(self, length):
        """Where each place of the padded axis is taken from: 0 1 2 3 2 1 0 1 of a length of 4."""
        places, last = tf.range(length + -length % self.size), length - 1
        return last - tf.abs(places % tf.maximum(2 * last, 1) - last)


@keras.utils.register_keras_serializable("inpainting")
class Crop(keras.layers.Layer):
    """Crops the first of two maps to the height and width of the second, at the bottom and on the right."""

    def call(self, inputs):
        maps, like = inputs
        return maps[:, : tf.shape(like)[1], : tf.shape(like)[2]]


CONVOLUTION = {"kernel_size": 3, "padding": "same", "kernel_initializer": "he_normal"}
conv = partial(Conv2D, **CONVOLUTION)
drop_connect_conv = partial(DropConnectConv2D, **CONVOLUTION)
conv_transpose = partial(Conv2DTranspose, **{**CONVOLUTION, "kernel_size": 4})


def _normalise_and_activate(
    x, *, batch_normalization, dropout, name, shortcut=None, activate=True, gamma_initializer="ones"
):
    """What follows every convolution of a generator (sections 4 and 7.1)."""
    if batch_normalization:
        # Deviation: with the default 0.99 the moving statistics lag the weights of the first thousand steps.
        x = BatchNormalization(momentum=0.9, gamma_initializer=gamma_initializer, name=f"{name}_bn")(x)
    if shortcut is not None:
        x = keras.layers.Add(name=f"{name}_add")([x, shortcut])
    if activate:
        x = keras.layers.ReLU(name=f"{name}_relu")(x)
    return Dropout(dropout, name=f"{name}_dropout")(x) if activate and dropout else x


def conv_block(
    x,
    filters,
    *,
    name,
    shortcut=None,
    activate=True,
    batch_normalization=True,
    dropout=0.0,
    drop_connect=0.0,
    gamma_initializer="ones",
    **kwargs,
):
    """Convolution, batch normalisation, ReLU, dropout. Keyword arguments go to the convolution.

    shortcut: a tensor added before the activation. drop_connect: share of the convolution's connections
    dropped in training. gamma_initializer: of the normalisation's scale.
    """
    layer = partial(drop_connect_conv, rate=drop_connect) if drop_connect else conv
    x = layer(filters, use_bias=not batch_normalization, name=name, **kwargs)(x)
    return _normalise_and_activate(
        x,
        batch_normalization=batch_normalization,
        shortcut=shortcut,
        activate=activate,
        dropout=dropout,
        gamma_initializer=gamma_initializer,
        name=name,
    )


def conv_transpose_block(x, filters, *, name, batch_normalization=True, dropout=0.0, **kwargs):
    """Transposed convolution, batch normalisation, ReLU, dropout."""
    x = conv_transpose(filters, use_bias=not batch_normalization, name=name, **kwargs)(x)
    return _normalise_and_activate(x, batch_normalization=batch_normalization, dropout=dropout, name=name)


def critic_block(x, filters, *, name, shortcut=None, activate=True, layer_normalization=False, **kwargs):
    """Convolution and Leaky ReLU (slope 0.2), for critics and discriminators.

    No batch normalisation: under weight clipping its scale could not stay near 1, and it would couple the
    images of a batch, which the gradient penalty forbids. Deep trunks take layer normalisation, over each whole
    map of an image and without a scale. shortcut: a tensor added before the activation.
    """
    x = conv(filters, name=name, **kwargs)(x)
    # Deviation: DCGAN and the published Inception and ResNet have batch normalisation.
    if layer_normalization:
        normalise = keras.layers.LayerNormalization(
            axis=[1, 2, 3], epsilon=1e-3, center=False, scale=False, name=f"{name}_ln"
        )
        x = normalise(x)
    if shortcut is not None:
        x = keras.layers.Add(name=f"{name}_add")([x, shortcut])
    return LeakyReLU(name=f"{name}_leaky_relu")(x) if activate else x


def critic_score(x):
    """A convolution to depth 1 and its mean over the map: one unbounded float32 score an image, [B]."""
    # float32: the Wasserstein estimate is a small difference of large means.
    x = conv(1, dtype="float32", name="score")(x)
    x = keras.layers.GlobalAveragePooling2D(dtype="float32", name="score_mean")(x)
    return keras.layers.Reshape((), dtype="float32", name="score_scalar")(x)
