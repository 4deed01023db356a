"""The paper's Flattened Row LSTM (section 6.3, figure 10): one LSTM along the sequence R, G, B, R, G, B, …

The image is flattened from its first pixel to its last, its 3 H W sub-pixels go one-hot into an LSTM of 64
units, and a softmax layer predicts the next. One-hot times matrix is a row of the matrix: the input-to-state
part is a table of 256 × 4 · units for each colour. More layers and more units are the paper's wish in section
7.3.

directions=4 is its wish for symmetry: the same network is trained to read the image from each of its four
corners, and completion combines the four readings (inpainting/filling/completion.py).
"""

import tensorflow as tf
from tensorflow import keras

from inpainting.pixels import COLOURS, LEVELS
from models.masked_conv import check_directions, lstm, scan, shifted


# Deviation: forget gates start open. They are the second quarter of the gates, as masked_conv.lstm reads them.
def open_forget_gates(shape, dtype=None, **_):
    """Initial bias of gates, [4 · units]."""
    return tf.repeat(tf.constant([0, 1, 0, 0], dtype or "float32"), shape[0] // 4)


def open_table(shape, dtype=None, **_):
    """Initial table of gates, [3 · 256, 4 · units]: a row is always added, so no bias is needed beside it.

    It is regularised like a kernel, the opening of the forget gates with it.
    """
    return keras.initializers.RandomUniform()(shape, dtype) + open_forget_gates(shape[1:], dtype)


@keras.utils.register_keras_serializable("inpainting")
class Recurrence(keras.layers.Layer):
    """The state-to-state part of an LSTM: input-to-state gates [B, T, 4 · units] -> hidden [B, T, units]."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        shape = (self.units, 4 * self.units)
        self.state_to_state = self.add_weight(name="state_to_state", shape=shape, initializer="orthogonal")
        super().build(input_shape)

    def call(self, gates):
        return self.read(gates, self.zero_state(tf.shape(gates)[0]))[0]

    def read(self, gates, state):
        """Hidden features [B, T, units] and the last (hidden, memory), from the state before the first."""

        def step(gates, state):
            # Cast in every step, so that the kernel's gradient is summed over the steps in float32.
            kernel = tf.cast(tf.convert_to_tensor(self.state_to_state), self.compute_dtype)
            return lstm(gates + state[0] @ kernel, state[1])

        hiddens, state = scan(step, tf.transpose(gates, [1, 0, 2]), state)
        return tf.transpose(hiddens, [1, 0, 2]), state

    def zero_state(self, batch):
        hidden = tf.zeros([batch, self.units], self.compute_dtype)
        return hidden, tf.cast(hidden, tf.float32)

    def get_config(self):
        return {**super().get_config(), "units": self.units}


class FlattenedRowLSTM(keras.Model):
    """int pixels 0…255 [B, H, W, 3] -> logits [B, H, W, 3, 256] of each sub-pixel given those before it."""

    conditional = False  # predicts every pixel, whatever is missing

    def __init__(self, *, units, layers, directions=1, **kwargs):
        super().__init__(**kwargs)
        check_directions(directions)
        self.directions = directions
        # Deviation: one-hot in 768, not in 256 dimensions, so that a value says which colour's it is.
        self.tables = [keras.layers.Embedding(COLOURS * LEVELS, 4 * units, open_table, name="table1")]
        self.tables += [
            keras.layers.Dense(4 * units, bias_initializer=open_forget_gates, name=f"table{index}")
            for index in range(2, layers + 1)
        ]
        self.recurrent = [Recurrence(units, name=f"lstm{index}") for index in range(1, layers + 1)]
        self.levels = keras.layers.Dense(LEVELS, dtype="float32", name="levels")
        self(tf.zeros([1, 1, 1, COLOURS], tf.int32))

    def call(self, pixels, training=False):
        batch = tf.shape(pixels)[0]
        states = [layer.zero_state(batch) for layer in self.recurrent]
        hidden, _ = self._read(tf.reshape(pixels, [batch, -1]), states)
        return tf.reshape(self.levels(shifted(hidden, axis=1)), tf.concat([tf.shape(pixels), [LEVELS]], 0))

    def begin(self, pixels, row):
        """The state after all rows above `row`, a scalar: (hidden, memory) of each layer."""
        batch = tf.shape(pixels)[0]
        states = [layer.zero_state(batch) for layer in self.recurrent]
        # Nothing at all cannot be read: where nothing is above, one row is read, and forgotten.
        values = tf.reshape(pixels[:, : tf.maximum(row, 1)], [batch, -1])
        after = self._read(values, states)[1]
        return tf.nest.map_structure(lambda part, zero: tf.where(row > 0, part, zero), after, states)

    def pixel(self, pixels, row, column, states):
        """Logits [B, 3, 256] of one pixel, and the state once it is what `pixels` holds there.

        The pixels before it in raster order have gone through here or through `begin`. The logits of G look at
        the pixel's R, those of B at its R and G.
        """
        values = tf.gather(tf.gather(pixels, row, axis=1), column, axis=1)
        last = states[-1][0]
        hidden, states = self._read(values, states)
        before = tf.concat([last[:, None], hidden[:, :-1]], 1)
        before.set_shape([None, COLOURS, last.shape[-1]])  # which TensorFlow Lite has no operation to assert
        return self.levels(before), states

    def _read(self, values, states):
        """Hidden features [B, T, units] of the last layer after each of the values [B, T], and the states.

        The first value is an R.
        """
        x, after = values + LEVELS * (tf.range(tf.shape(values)[1]) % COLOURS), []
        for table, layer, state in zip(self.tables, self.recurrent, states, strict=True):
            layer_input = tf.cast(table(x), layer.compute_dtype)
            if not layer.built:
                layer(layer_input)
            x, state = layer.read(layer_input, state)
            after.append(state)
        return x, after


def flattened_row_lstm(*, units=64, layers=1, directions=1):
    """The network of FlattenedRowLSTM."""
    return FlattenedRowLSTM(units=units, layers=layers, directions=directions, name="flattened_row_lstm")
