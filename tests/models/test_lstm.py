"""The recurrent layers of the density models: each recomputed in NumPy from its own weights."""

import numpy as np
import pytest
import tensorflow as tf

from inpainting.training.hardware import dtype_policy
from inpainting.variables import resource
from models.diagonal_bilstm import DiagonalLSTM, diagonal_bilstm, skew, unskew
from models.flattened_row_lstm import Recurrence, flattened_row_lstm
from models.masked_conv import lstm, shifted
from models.row_lstm import RowLSTM, row_lstm


def test_skew_and_back():
    maps = np.arange(2 * 3 * 4).reshape(1, 3, 4, 2) + 1
    skewed = skew(tf.constant(maps)).numpy()
    assert skewed.shape == (6, 3, 1, 2)  # columns, rows, images, features
    # Row r starts r columns further right, with zeros around it.
    np.testing.assert_array_equal(
        skewed[:, :, 0, 0].T, [[1, 3, 5, 7, 0, 0], [0, 9, 11, 13, 15, 0], [0, 0, 17, 19, 21, 23]]
    )
    np.testing.assert_array_equal(unskew(tf.constant(skewed), 4), maps)
    images = np.arange(2 * 3 * 4 * 2).reshape(2, 3, 4, 2)
    np.testing.assert_array_equal(unskew(skew(tf.constant(images)), 4), images)
    np.testing.assert_array_equal(shifted(tf.constant(maps), axis=1)[0, :, 0, 0], [0, 1, 9])


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def numpy_lstm(gates, memory):
    output, forget, enter, content = np.split(gates, 4, -1)
    memory = sigmoid(forget) * memory + sigmoid(enter) * np.tanh(content)
    return sigmoid(output) * np.tanh(memory), memory


def test_lstm_by_hand():
    # Gates 0: σ = ½, tanh 0 = 0: memory 0.5 · 2, hidden 0.5 · tanh 1.
    hidden, memory = lstm(tf.zeros([1, 4]), tf.constant([[2.0]]))
    assert memory.numpy().item() == 1.0 and hidden.numpy().item() == pytest.approx(0.5 * np.tanh(1.0))


@pytest.mark.parametrize("compiled", [False, True])
def test_recurrence_in_numpy(compiled):
    layer = Recurrence(3)
    gates = np.random.default_rng(0).normal(size=(2, 5, 12)).astype(np.float32)
    hiddens = (tf.function(layer) if compiled else layer)(tf.constant(gates)).numpy()
    kernel = layer.state_to_state.numpy()
    hidden = memory = np.zeros((2, 3))
    for step in range(5):
        hidden, memory = numpy_lstm(gates[:, step] + hidden @ kernel, memory)
        np.testing.assert_allclose(hiddens[:, step], hidden, atol=1e-5)


@pytest.mark.parametrize("compiled", [False, True])
def test_row_lstm_in_numpy(compiled):
    """Hidden of a row from the gates of its own and the three hidden above each pixel."""
    (layer,) = row_lstm(units=3, layers=1).recurrent
    inputs = tf.random.normal([1, 3, 4, 6])
    outputs = (tf.function(layer) if compiled else layer)(inputs).numpy()
    gates, kernel = layer.input_to_state(inputs).numpy()[0], layer.state_to_state.numpy()
    hidden = memory = np.zeros((4, 3))
    for row in range(3):
        above = np.pad(hidden, [[1, 1], [0, 0]])
        sums = sum(above[tap : tap + 4] @ kernel[tap] for tap in range(3))
        hidden, memory = numpy_lstm(gates[row] + sums, memory)
        up = layer.up(tf.constant(hidden[None, None], tf.float32)).numpy()[0, 0]
        np.testing.assert_allclose(outputs[0, row], inputs[0, row] + up, atol=1e-5)


@pytest.mark.parametrize("compiled", [False, True])
def test_diagonal_bilstm_in_numpy(compiled):
    """Hidden of a pixel from its gates, the hidden above it and the hidden beside it, left or right.

    What the pixel gets of the right direction is the hidden of the row above.
    """
    (layer,) = diagonal_bilstm(units=3, layers=1).recurrent
    inputs = tf.random.normal([1, 3, 4, 6])
    outputs = (tf.function(layer) if compiled else layer)(inputs).numpy()
    hidden = np.zeros((2, 4, 6, 3))  # a row above and a column on each side
    memory = np.zeros_like(hidden)
    for which, (direction, beside) in enumerate([(layer.left, -1), (layer.right, 1)]):
        gates, kernel = direction.input_to_state(inputs).numpy()[0], direction.state_to_state.numpy()
        for row in range(3):
            for column in range(4)[::-beside]:
                here, above, before = (row + 1, column + 1), (row, column + 1), (row + 1, column + 1 + beside)
                sums = hidden[which][above] @ kernel[0] + hidden[which][before] @ kernel[1]
                state = numpy_lstm(gates[row, column] + sums, memory[which][before])
                hidden[which][here], memory[which][here] = state
    both = hidden[0, 1:, 1:-1] + hidden[1, :-1, 1:-1]
    up = layer.up(tf.constant(both[None], tf.float32)).numpy()
    np.testing.assert_allclose(outputs, inputs + up, atol=1e-5)


RECURRENT_LAYERS = {
    "row_lstm": (RowLSTM, lambda steps: (1, steps, 1, 12)),
    "diagonal_bilstm": (DiagonalLSTM, lambda steps: (1, 1, steps, 12)),
    "flattened_row_lstm": (Recurrence, lambda steps: (1, steps, 24)),
}


@pytest.mark.parametrize("name", RECURRENT_LAYERS)
def test_gradients_of_many_steps_are_summed_in_float32(name):
    """Forget gates shut and a kernel of zeros: each step but the first adds the same to the kernel's gradient.

    In bfloat16, of 8 bits, a sum of equal parts stops growing at 256 of them.
    """
    kind, shape_of = RECURRENT_LAYERS[name]
    gates = np.repeat([1.0, -50.0, 1.0, 1.0], 6).astype(np.float32)
    with dtype_policy("mixed_bfloat16"):
        layer = kind(6)

    def inputs(steps):
        return tf.cast(given + tf.zeros(shape_of(steps)), tf.bfloat16)

    @tf.function
    def gradient(steps):
        with tf.GradientTape() as tape:
            outputs = tf.reduce_sum(tf.cast(layer(inputs(steps)), tf.float32))
        return tape.gradient(outputs, resource(layer.state_to_state))

    given = gates if kind is Recurrence else 0.0
    layer(inputs(2))
    layer.state_to_state.assign(tf.zeros(layer.state_to_state.shape))
    if kind is not Recurrence:
        layer.input_to_state.bias.assign(gates)
    once, often = gradient(2).numpy(), gradient(401).numpy()
    assert abs(once).max() > 1e-3
    np.testing.assert_allclose(often, 400 * once, rtol=0.01)


@pytest.mark.parametrize("compiled", [False, True])
def test_flattened_row_lstm_in_numpy(compiled):
    """One-hot values times their colour's table, the LSTM, softmax layer: a value's logits come before it."""
    network = flattened_row_lstm(units=4)
    values = [3, 255, 0, 7, 9, 200]
    forward = tf.function(network) if compiled else network
    logits = forward(tf.constant([[[values[:3], values[3:]]]])).numpy().reshape(6, 256)
    table, layer = network.tables[0].embeddings.numpy(), network.recurrent[0]
    hidden = memory = np.zeros(4)
    for place, (value, expected) in enumerate(zip(values, logits, strict=True)):
        kernel, bias = (weight.numpy() for weight in (network.levels.kernel, network.levels.bias))
        np.testing.assert_allclose(hidden @ kernel + bias, expected, atol=1e-5)
        gates = np.eye(256)[value] @ table[256 * (place % 3) :][:256] + hidden @ layer.state_to_state.numpy()
        hidden, memory = numpy_lstm(gates, memory)


def test_forget_gates_start_open():
    """The second quarter of the gates starts at 1, the others at 0; the first layer has a table alone."""
    first, second = flattened_row_lstm(units=4, layers=2).tables
    starts = np.repeat([0, 1, 0, 0], 4)
    np.testing.assert_array_equal(second.bias, starts)
    around = first.embeddings.numpy() - starts
    assert abs(around).max() <= 0.05 and around.std() > 0.02  # uniform
    np.testing.assert_allclose(around.mean(0), 0, atol=0.01)
