"""The Diagonal BiLSTM (Pixel Recurrent Neural Networks, section 3.2), as published; its frame: pixel_rnn.py.

Each row is shifted by one pixel against the one above, so that a column of the skewed map is a diagonal of the
image, and the map is read column by column. Input-to-state: a 1×1 convolution.
State-to-state: a convolution of 2×1 on the column before, that is on the pixel to the left and the one above.
The other direction reads the mirrored map from the right; its outputs are shifted down by one row before they
are added, "to prevent the layer from seeing future pixels". A pixel sees all that comes before it.
"""

import tensorflow as tf
from tensorflow import keras

from models.masked_conv import MaskedConv2D, lstm, scan, shifted
from models.pixel_rnn import PixelRNN, put


def skew(maps):
    """[B, R, W, C] -> [W + R − 1, R, B, C], its columns, row r moved r pixels to the right, zeros around it."""
    # Whole rows are moved, by `tf.slice`: its gradient is a padding, that of square brackets scatters, slowly.
    batch, rows, width, features = tf.unstack(tf.shape(maps))
    straight = tf.reshape(tf.transpose(maps, [1, 2, 0, 3]), [rows, width, batch * features])
    wide = tf.reshape(tf.pad(straight, [[0, 0], [0, rows], [0, 0]]), [rows * (width + rows), batch * features])
    columns = width + rows - 1
    skewed = tf.slice(wide, [0, 0], [rows * columns, batch * features])
    return tf.transpose(tf.reshape(skewed, [rows, columns, batch, maps.shape[3]]), [1, 0, 2, 3])


def unskew(columns, width):
    """The inverse of `skew`: [W + R − 1, R, B, C] -> [B, R, W, C]."""
    count, rows, batch, features = tf.unstack(tf.shape(columns))
    skewed = tf.reshape(tf.transpose(columns, [1, 0, 2, 3]), [rows * count, batch * features])
    wide = tf.reshape(tf.pad(skewed, [[0, rows], [0, 0]]), [rows, count + 1, batch * features])
    straight = tf.slice(wide, [0, 0, 0], [rows, width, batch * features])
    return tf.transpose(tf.reshape(straight, [rows, width, batch, columns.shape[3]]), [2, 0, 1, 3])


@keras.utils.register_keras_serializable("inpainting")
class DiagonalLSTM(keras.layers.Layer):
    """One direction, from the left: [B, R, W, C] -> hidden features [B, R, W, units]."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.input_to_state = MaskedConv2D(4 * units, 1, mask="B")

    def build(self, input_shape):
        shape = (2, self.units, 4 * self.units)  # from the pixel above, from the pixel to the left
        self.state_to_state = self.add_weight(name="state_to_state", shape=shape, initializer="glorot_uniform")
        super().build(input_shape)

    def call(self, inputs):
        gates = skew(self.input_to_state(inputs))
        hidden = tf.zeros([tf.shape(inputs)[1], tf.shape(inputs)[0], self.units], gates.dtype)

        def step(gates, state):
            above = shifted(state[0], axis=0)
            before = tf.reshape(tf.concat([above, state[0]], -1), [-1, 2 * self.units])
            # Cast in every step, so that the kernel's gradient is summed over the steps in float32.
            return lstm(gates + tf.reshape(before @ self._kernel(), tf.shape(gates)), state[1])

        hiddens, _ = scan(step, gates, (hidden, tf.cast(hidden, tf.float32)))
        return unskew(hiddens, inputs.shape[2])

    def pixel(self, inputs, above, state):
        """(hidden, memory) [B, units] of one pixel of features [B, C].

        above: the hidden [B, units] of the pixel above; state: (hidden, memory) of the one to its left.
        """
        hidden, memory = state
        gates = self.input_to_state.centre(inputs) + tf.concat([above, hidden], -1) @ self._kernel()
        return lstm(gates, memory)

    def row(self, inputs, above):
        """The hidden features of one row, [W, B, units], from its features [W, B, C] and the row above's."""

        def step(both, state):
            features, above = tf.split(both, [inputs.shape[2], self.units], -1)
            return self.pixel(features, above, state)

        both = tf.concat([inputs, above], -1)
        hiddens, _ = scan(step, both, self.zero_state(tf.shape(inputs)[1], above.dtype))
        return tf.ensure_shape(hiddens, above.shape)

    def zero_state(self, batch, dtype):
        hidden = tf.zeros([batch, self.units], dtype)
        return hidden, tf.cast(hidden, tf.float32)

    def _kernel(self):
        """[2 · units, 4 · units], of the pixel above and of the one to the left."""
        kernel = tf.cast(tf.convert_to_tensor(self.state_to_state), self.compute_dtype)
        return tf.reshape(kernel, [2 * self.units, 4 * self.units])

    def get_config(self):
        return {**super().get_config(), "units": self.units}


@keras.utils.register_keras_serializable("inpainting")
class DiagonalBiLSTM(keras.layers.Layer):
    """[B, R, W, 2 · units] -> the same shape: one recurrent layer with its residual connection."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.left = DiagonalLSTM(units, name="left")
        self.right = DiagonalLSTM(units, name="right")
        self.up = MaskedConv2D(2 * units, 1, mask="B")

    def call(self, inputs):
        return self._join(inputs, *self._maps(inputs))

    def begin(self, inputs):
        """The outputs of the rows, and what the next row needs.

        That is: the last row of both directions, of the row itself what it has so far of inputs and of the left
        direction, [W, B, ·] each, and the left direction's state, (hidden, memory) [B, units].
        """
        left, right = self._maps(inputs)
        left_above, right_above = (tf.transpose(maps[:, -1], [1, 0, 2]) for maps in (left, right))
        row = tf.zeros_like(tf.transpose(inputs[:, -1], [1, 0, 2]))
        state = self.left.zero_state(tf.shape(inputs)[0], left.dtype)
        return self._join(inputs, left, right), (left_above, right_above, row, left_above, state)

    def pixel(self, inputs, column, state):
        """The output of one pixel, [B, 2 · units], and the state after it."""
        left_above, right_above, row, left_row, left_state = state
        left_state = self.left.pixel(inputs, left_above[column], left_state)
        hidden = left_state[0] + right_above[column]
        row, left_row = put(row, column, inputs), put(left_row, column, left_state[0])

        def next_row():
            right = self.right.row(row[::-1], right_above[::-1])[::-1]
            return left_row, right, row, left_row, self.left.zero_state(tf.shape(inputs)[0], left_row.dtype)

        def same_row():
            return left_above, right_above, row, left_row, left_state

        state = tf.cond(column == row.shape[0] - 1, next_row, same_row)
        return inputs + self.up.centre(hidden), state

    def _join(self, inputs, left, right):
        return inputs + self.up(left + shifted(right, axis=1))

    def _maps(self, inputs):
        return self.left(inputs), tf.reverse(self.right(tf.reverse(inputs, [2])), [2])

    def get_config(self):
        return {**super().get_config(), "units": self.units}


def diagonal_bilstm(*, units=48, layers=3):
    """The network of pixel_rnn.PixelRNN with Diagonal BiLSTM layers of `units` features."""
    recurrent = [DiagonalBiLSTM(units, name=f"diagonal_bilstm{index}") for index in range(1, layers + 1)]
    return PixelRNN(recurrent, units=units, name="diagonal_bilstm")
