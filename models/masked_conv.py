"""What the density models share: masked convolutions, the LSTM's equations, and a scan.

van den Oord, Kalchbrenner and Kavukcuoglu, Pixel Recurrent Neural Networks, 2016 (arXiv 1601.06759), sections 3
and 3.4. A sub-pixel is predicted from the pixels before it in raster order and, within its own pixel, G from R
and B from R and G. Features belong to the colours in turn: feature j to colour j mod 3, so a layer's number of
features must be divisible by 3.
"""

import numpy as np
import tensorflow as tf
from tensorflow import keras

from inpainting.pixels import COLOURS, LEVELS


def kernel_mask(shape, mask, in_turn=True):
    """The 0/1 mask of a kernel [height, width, input, output]: float32 of that shape.

    Rows above the centre and the pixels left of it are seen; of the centre, the earlier colours, and with mask
    "B" the own colour too. in_turn: the output features are of the colours R, G, B, R, …; else the first third
    is of R, the second of G, the last of B.
    """
    height, width, inputs, outputs = shape
    seen = np.zeros(shape, np.float32)
    seen[: height // 2] = 1
    seen[height // 2, : width // 2] = 1
    source, target = np.arange(inputs)[:, None] % COLOURS, np.arange(outputs)
    target = target % COLOURS if in_turn else target // (outputs // COLOURS)
    seen[height // 2, width // 2] = source <= target if mask == "B" else source < target
    return seen


@keras.utils.register_keras_serializable("inpainting")
class MaskedConv2D(keras.layers.Conv2D):
    """A convolution that sees the context of each pixel alone. mask, in_turn: of `kernel_mask`.

    The mask is "A" in the first layer and "B" after it. It multiplies the kernel in every call, so that an
    untrained layer is causal too.
    """

    def __init__(self, filters, kernel_size, *, mask, in_turn=True, **kwargs):
        kwargs = {"kernel_initializer": "he_normal", **kwargs}
        if filters % COLOURS:
            raise ValueError(f"Features must be divisible by 3, one third a colour. Received: {filters}")
        super().__init__(filters, kernel_size, padding="same", **kwargs)
        self.mask = mask
        self.in_turn = in_turn

    def call(self, inputs):
        kernel, bias = self._weights()
        return tf.nn.conv2d(inputs, kernel, 1, "SAME") + bias

    def centre(self, patch):
        """The output at the centre of patches as large as the kernel: [B, height · width · C] -> [B, F]."""
        kernel, bias = self._weights()
        flat = tf.reshape(kernel, [-1, self.filters])
        return tf.cast(patch, flat.dtype) @ flat + bias

    def _weights(self):
        kernel = tf.cast(tf.convert_to_tensor(self.kernel), self.compute_dtype)
        mask = tf.constant(kernel_mask(kernel.shape, self.mask, self.in_turn), kernel.dtype)
        return kernel * mask, tf.cast(tf.convert_to_tensor(self.bias), self.compute_dtype)

    def get_config(self):
        config = {**super().get_config(), "mask": self.mask, "in_turn": self.in_turn}
        del config["padding"]
        return config


def check_directions(directions):
    """Raises ValueError for a number of corners that an image is not read from."""
    if directions not in (1, 4):
        raise ValueError(f"An image is read in 1 or 4 directions. Received: {directions}")


def shifted(maps, *, axis):
    """The maps one place further along an axis, zeros in the first place; the last falls out."""
    # By `tf.slice`: its gradient is a padding, that of square brackets a slow scatter.
    paddings = [[1 if index == axis else 0, 0] for index in range(len(maps.shape))]
    return tf.slice(tf.pad(maps, paddings), tf.zeros(len(maps.shape), tf.int32), tf.shape(maps))


def sub_pixel_logits(features):
    """[…, 768], the 256 of a colour after those of the one before, -> float32 logits […, 3, 256]."""
    shape = tf.concat([tf.shape(features)[:-1], [COLOURS, LEVELS]], 0)
    return tf.reshape(tf.cast(features, tf.float32), shape)


def lstm(gates, memory):
    """One step of an LSTM: (hidden, memory) from the sum of input-to-state and state-to-state (equation 3).

        o, f, i = σ(…), g = tanh(…)    output, forget, input gate and content, in this order along the last axis
        c = f ⊙ c + i ⊙ g,  h = o ⊙ tanh(c)

    gates: […, 4h]; memory, float32: […, h]. hidden has the type of the gates.
    """
    output, forget, enter, content = tf.split(tf.cast(gates, tf.float32), 4, axis=-1)
    memory = tf.sigmoid(forget) * memory + tf.sigmoid(enter) * tf.tanh(content)
    return tf.cast(tf.sigmoid(output) * tf.tanh(memory), gates.dtype), memory


def scan(step, inputs, state):
    """Runs state = step(inputs[t], state) over the first axis: all state[0], stacked, and the last state.

    inputs: [T, …], T may be 0; state: a tuple of tensors whose shapes and types the step keeps.
    """
    length = tf.shape(inputs)[0]
    source = tf.TensorArray(inputs.dtype, length, element_shape=inputs.shape[1:]).unstack(inputs)
    stacked = tf.TensorArray(state[0].dtype, length, element_shape=state[0].shape)

    def body(time, state, stacked):
        state = step(source.read(time), state)
        return time + 1, state, stacked.write(time, state[0])

    first = (tf.constant(0), state, stacked)
    _, state, stacked = tf.while_loop(lambda time, *_: time < length, body, first)
    return stacked.stack(), state
