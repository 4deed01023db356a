"""The Row LSTM (Pixel Recurrent Neural Networks, section 3.1), as published; its frame is in pixel_rnn.py.

The image is read from top to bottom, a whole row at a time. Input-to-state: a masked convolution of size 3
along the row, computed for all rows at once. State-to-state: a convolution of size 3 on the hidden row above,
which is finished and so needs no mask. A pixel sees the pixels left of it through the masked convolutions, as
many as there are layers, and a triangle above it through the state.
"""

import tensorflow as tf
from tensorflow import keras

from models.masked_conv import MaskedConv2D, lstm, scan
from models.pixel_rnn import PixelRNN, put


@keras.utils.register_keras_serializable("inpainting")
class RowLSTM(keras.layers.Layer):
    """[B, R, W, 2 · units] -> the same shape: one recurrent layer with its residual connection."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.input_to_state = MaskedConv2D(4 * units, (1, 3), mask="B")
        self.up = MaskedConv2D(2 * units, 1, mask="B")

    def build(self, input_shape):
        shape = (3, self.units, 4 * self.units)
        self.state_to_state = self.add_weight(name="state_to_state", shape=shape, initializer="glorot_uniform")
        super().build(input_shape)

    def call(self, inputs):
        return self._read(inputs)[0]

    def begin(self, inputs):
        """The outputs of the rows, and what the next row needs.

        That is: the inputs of the pixel to the left, [B, 2 · units], and of the row above and of what the row
        itself has so far the hidden features and memories, [W, B, units] each.
        """
        outputs, (hidden, memory) = self._read(inputs)
        left = tf.zeros([tf.shape(inputs)[0], 2 * self.units], inputs.dtype)
        return outputs, (left, hidden, memory, hidden, memory)

    def pixel(self, inputs, column, state):
        """The output of one pixel, [B, 2 · units], and the state after it."""
        left, hidden_above, memory_above, hidden_row, memory_row = state
        gates = self.input_to_state.centre(tf.concat([left, inputs, tf.zeros_like(inputs)], 1))
        kernel = self._kernel()
        gates += tf.add_n([_place(hidden_above, column + tap - 1) @ kernel[tap] for tap in range(3)])
        hidden, memory = lstm(gates, memory_above[column])
        hidden_row, memory_row = put(hidden_row, column, hidden), put(memory_row, column, memory)
        above, row = (hidden_above, memory_above), (hidden_row, memory_row)
        left, above = tf.cond(
            column == hidden_row.shape[0] - 1, lambda: (tf.zeros_like(inputs), row), lambda: (inputs, above)
        )
        return inputs + self.up.centre(hidden), (left, *above, *row)

    def _read(self, inputs):
        """The outputs, and (hidden, memory) [W, B, units] after the last row."""
        gates = tf.transpose(self.input_to_state(inputs), [1, 2, 0, 3])
        hidden = tf.zeros([inputs.shape[2], tf.shape(inputs)[0], self.units], gates.dtype)

        def step(gates, state):
            # The convolution as a matrix product: of neighbours along the first axis, by `tf.slice`, whose
            # gradient is a padding.
            above, size = tf.pad(state[0], [[1, 1], [0, 0], [0, 0]]), tf.shape(state[0])
            taps = [tf.slice(above, [0, 0, 0], size), state[0], tf.slice(above, [2, 0, 0], size)]
            before = tf.reshape(tf.concat(taps, -1), [-1, 3 * self.units])
            # Cast in every step, so that the kernel's gradient is summed over the steps in float32.
            kernel = tf.reshape(self._kernel(), [3 * self.units, 4 * self.units])
            return lstm(gates + tf.reshape(before @ kernel, tf.shape(gates)), state[1])

        hiddens, state = scan(step, gates, (hidden, tf.cast(hidden, tf.float32)))
        return inputs + self.up(tf.transpose(hiddens, [2, 0, 1, 3])), state

    def _kernel(self):
        return tf.cast(tf.convert_to_tensor(self.state_to_state), self.compute_dtype)

    def get_config(self):
        return {**super().get_config(), "units": self.units}


def _place(row, column):
    """One column of a row [W, B, h], [B, h]; zeros beyond its ends."""
    last = row.shape[0] - 1
    inside = tf.cast((column >= 0) & (column <= last), row.dtype)
    return row[tf.clip_by_value(column, 0, last)] * inside


def row_lstm(*, units=48, layers=4):
    """The network of pixel_rnn.PixelRNN with Row LSTM layers of `units` features."""
    recurrent = [RowLSTM(units, name=f"row_lstm{index}") for index in range(1, layers + 1)]
    return PixelRNN(recurrent, units=units, name="row_lstm")
