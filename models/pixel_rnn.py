"""The frame of the Row LSTM and the Diagonal BiLSTM (Pixel Recurrent Neural Networks, section 3).

    mask A 7×7 to 2h features | recurrent layer with its residual connection × layers |
        ReLU 1×1 to 2h × 2 | ReLU 1×1 to 3 × 256

All masks but the first are B. The published residual connection: the recurrent layer's h features go up to 2h
by a 1×1 convolution and are added to its input.
"""

import tensorflow as tf
from tensorflow import keras

from inpainting.pixels import COLOURS, LEVELS, to_float
from models.masked_conv import MaskedConv2D, sub_pixel_logits

FIRST_KERNEL = 7


class PixelRNN(keras.Model):
    """int pixels 0…255 [B, H, W, 3] -> logits [B, H, W, 3, 256] of each sub-pixel given those before it.

    layers: recurrent layers, [B, R, W, 2h] -> the same shape, for the first R rows. units: h, divisible by 3.

    Completion reads the known rows once, `begin`, and then goes pixel by pixel, `pixel`.
    """

    conditional = False  # predicts every pixel, whatever is missing
    directions = 1  # an image is read from its first corner alone

    def __init__(self, layers, *, units, **kwargs):
        super().__init__(**kwargs)
        self.first = MaskedConv2D(2 * units, FIRST_KERNEL, mask="A", name="first")
        self.recurrent = layers
        self.head = [
            MaskedConv2D(2 * units, 1, mask="B", name="head1"),
            MaskedConv2D(2 * units, 1, mask="B", name="head2"),
        ]
        self.levels = MaskedConv2D(COLOURS * LEVELS, 1, mask="B", in_turn=False, name="levels")
        self(tf.zeros([1, 1, 1, COLOURS], tf.int32))  # makes the weights, the same for any image size

    def call(self, pixels, training=False):
        x = self.first(to_float(pixels))
        for layer in self.recurrent:
            x = layer(x)
        for layer in self.head:
            x = layer(tf.nn.relu(x))
        return sub_pixel_logits(self.levels(tf.nn.relu(x)))

    def begin(self, pixels, row):
        """The state after all rows above `row`, a scalar: what the recurrent layers keep of them."""
        # Convolutions of no rows at all fail: where nothing is above, one row is read, and forgotten.
        x = self.first(to_float(pixels))[:, : tf.maximum(row, 1)]
        cache = []
        for layer in self.recurrent:
            x, state = layer.begin(x)
            cache.append(state)
        return tf.nest.map_structure(lambda part: tf.where(row > 0, part, tf.zeros_like(part)), cache)

    def pixel(self, pixels, row, column, cache):
        """Logits [B, 3, 256] of one pixel, and the state once it is what `pixels` holds there.

        The pixels before it in raster order have gone through here or through `begin`. The logits of G look at
        the pixel's R, those of B at its R and G.
        """
        x = self.first.centre(_patches(pixels, row, column))
        after = []
        for layer, state in zip(self.recurrent, cache, strict=True):
            x, state = layer.pixel(x, column, state)
            after.append(state)
        for layer in self.head:
            x = layer.centre(tf.nn.relu(x))
        return sub_pixel_logits(self.levels.centre(tf.nn.relu(x))), after


def _patches(pixels, row, column):
    """What the first layer sees of the pixels [B, H, W, 3] around one of them, flat: [B, 7 · 7 · 3]."""
    reach = tf.range(FIRST_KERNEL) - FIRST_KERNEL // 2
    inside = tf.ones([], tf.bool)
    for axis, place in ((1, row + reach), (2, column + reach)):
        size = pixels.shape[axis]
        pixels = tf.gather(pixels, tf.clip_by_value(place, 0, size - 1), axis=axis)
        inside = inside[..., None] & (place >= 0) & (place < size)
    values = to_float(pixels) * tf.cast(inside, tf.float32)[..., None]
    return tf.reshape(values, [-1, FIRST_KERNEL**2 * COLOURS])


def put(row, column, value):
    """The row [W, B, h] with `value` [B, h] in a column."""
    return tf.tensor_scatter_nd_update(row, [[column]], value[None])
