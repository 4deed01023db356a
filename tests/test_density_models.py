"""Density models: what a sub-pixel sees, proved on untrained weights, and the LSTM's arithmetic."""

import numpy as np
import pytest
import tensorflow as tf

from inpainting.experiments import experiment, resolved, with_settings
from inpainting.hardware import dtype_policy
from inpainting.optimizers import resource
from models import DENSITY, build_generator
from models.conditional_pixel_cnn import ConditionalPixelCNN, causal_offsets, conditional_pixel_cnn
from models.diagonal_bilstm import DiagonalLSTM, diagonal_bilstm, skew, unskew
from models.flattened_row_lstm import Recurrence, flattened_row_lstm
from models.masked_conv import MaskedConv2D, kernel_mask, lstm, shifted
from models.pixel_cnn import pixel_cnn, zone_offsets
from models.row_lstm import RowLSTM, row_lstm
from tests.dummies import parameters

SEQUENTIAL = {
    "pixel_cnn": lambda: pixel_cnn(units=32, layers=2),
    "row_lstm": lambda: row_lstm(units=24, layers=1),
    "diagonal_bilstm": lambda: diagonal_bilstm(units=24, layers=1),
    "flattened_row_lstm": lambda: flattened_row_lstm(units=16, layers=2),
}


def changes(network, pixels, mask=None):
    """[N, N] of booleans: sub-pixel i changed, the logits of sub-pixel j differ. pixels: [1, H, W, 3]."""

    def logits(batch):
        batch = tf.constant(batch.reshape(-1, *shape), tf.int32)
        inputs = batch if mask is None else [batch, tf.repeat(mask, len(batch), 0)]
        return network(inputs).numpy().reshape(len(batch), count, 256)

    shape, count = pixels.shape[1:], pixels.size
    others = np.repeat(pixels.reshape(1, count), count, 0)
    others[np.arange(count), np.arange(count)] = 255 - others[np.arange(count), np.arange(count)]
    return np.abs(logits(others) - logits(pixels)).max(-1) > 1e-6


def noise(height, width):
    return np.random.default_rng(0).integers(0, 256, (1, height, width, 3))


@pytest.mark.parametrize("name", SEQUENTIAL)
def test_causality(name):
    """Logits of a sub-pixel see no later one nor itself; they do see the colours before it of its pixel."""
    changed = changes(SEQUENTIAL[name](), noise(5, 5))
    assert not np.tril(changed).any()
    for red in range(0, 75, 3):
        assert changed[red, red + 1] and changed[red, red + 2] and changed[red + 1, red + 2]


def seen_by(network, height, width, row, column):
    """The pixels that the R of one pixel sees, [H, W], as text: # seen, . not, o the pixel itself."""
    changed = changes(network, noise(height, width))[:, (row * width + column) * 3]
    seen = np.where(changed.reshape(height, width, 3).any(-1), "#", ".")
    seen[row, column] = "o"
    return ["".join(line) for line in seen]


def test_pixel_cnn_sees_24_pixels():
    """And 48 of a zone of 7×7."""
    assert seen_by(SEQUENTIAL["pixel_cnn"](), 8, 8, 5, 5) == [
        "........",
        ".#####..",
        ".#####..",
        ".#####..",
        ".#####..",
        ".####o..",
        "........",
        "........",
    ]
    wider = seen_by(pixel_cnn(units=32, layers=2, context=7), 8, 8, 7, 6)
    assert wider == ["........", *["#######."] * 6, "######o."]


def test_row_lstm_sees_a_triangle():
    """One layer; the pixel is in row 4, column 8.

    Its own row: 3 to the left by the 7×7 of mask A and 1 by the input-to-state part. k rows above: k by the
    state, then as before 4 to the left, and to the right 3 by the 7×7 from the row below, which is k − 1 wide.
    """
    network = SEQUENTIAL["row_lstm"]()
    kernel = network.recurrent[0].state_to_state
    kernel.assign(4 * kernel)  # what comes from four rows above must still be seen
    assert seen_by(network, 6, 17, 4, 8) == [
        "###############..",  # k = 4: 8 − 8 … 8 + 6
        ".#############...",
        "..###########....",
        "...#########.....",  # k = 1: 8 − 5 … 8 + 3
        "....####o........",
        ".................",
    ]


def test_diagonal_bilstm_sees_the_whole_past():
    """The 7×7 of mask A alone ends at column 5: what lies right of it comes from the right direction."""
    network = SEQUENTIAL["diagonal_bilstm"]()
    for direction in (network.recurrent[0].left, network.recurrent[0].right):
        direction.state_to_state.assign(4 * direction.state_to_state)  # what comes from afar must still be seen
    assert seen_by(network, 6, 12, 4, 2) == [*["############"] * 4, "##o.........", "............"]


def test_flattened_row_lstm_sees_the_whole_past():
    network = flattened_row_lstm(units=16)
    table = network.tables[0].embeddings
    table.assign(table + np.repeat([0.0, 20.0, 0.0, 0.0], 16).astype(np.float32))  # forgets nothing
    assert seen_by(network, 4, 4, 2, 1) == ["####", "####", "#o..", "...."]


def test_conditional_pixel_cnn_sees_the_context_and_the_earlier_hole_pixels():
    network = conditional_pixel_cnn(image_size=8, filters=8, features=16, units=32)
    mask = np.zeros((1, 8, 8, 1), np.float32)
    mask[:, 3:6, 3:6] = 1
    changed = changes(network, noise(8, 8), mask).reshape(8, 8, 3, 8, 8, 3)
    seen = changed[:, :, :, 4, 4, 0].any(2)
    hole = mask[0, ..., 0] > 0
    assert seen[~hole].all()
    np.testing.assert_array_equal(seen[3:6, 3:6], [[1, 1, 1], [1, 0, 0], [0, 0, 0]])
    inside = changed[3:6, 3:6, :, 3:6, 3:6, :].reshape(27, 27)
    assert not np.tril(inside).any()


def test_hidden_hole_pixels_are_not_seen():
    network = conditional_pixel_cnn(image_size=8, filters=8, features=16, units=32)
    mask = np.zeros((1, 8, 8, 1), np.float32)
    mask[:, 3:6, 3:6] = 1
    pixels, where = noise(8, 8), tf.constant([[0, 4, 4]])
    other = np.where(mask > 0, 255 - pixels, pixels)
    hidden = []
    for version in (pixels, other):
        version = tf.constant(version, tf.int32)
        description = network.describe(version, mask)
        hidden.append(network.hidden_at(version, where, visible=1 - mask, description=description).numpy())
    np.testing.assert_array_equal(*hidden)


def test_zones():
    assert len(zone_offsets(5)) == 24 and zone_offsets(5).max() == 0 and zone_offsets(5).min() == -4
    # Rows −2 and −1 of 5 pixels, and 2 to the left.
    assert len(causal_offsets(2)) == 12
    assert all(row < 0 or column < 0 for row, column in causal_offsets(2))


def test_masks_a_and_b():
    """Colours in turn: input feature i is of colour i mod 3, output feature j of j mod 3."""
    mask = kernel_mask((3, 3, 3, 6), "A")
    assert mask[0].all() and mask[1, 0].all() and not mask[1, 2].any() and not mask[2].any()
    # From R, G, B (rows) to R, G, B, R, G, B: the earlier colours alone.
    np.testing.assert_array_equal(mask[1, 1], [[0, 1, 1, 0, 1, 1], [0, 0, 1, 0, 0, 1], [0] * 6])
    own = [[1, 1, 1, 1, 1, 1], [0, 1, 1, 0, 1, 1], [0, 0, 1, 0, 0, 1]]
    np.testing.assert_array_equal(kernel_mask((3, 3, 3, 6), "B")[1, 1], own)
    # To R, R, G, G, B, B.
    thirds = [[1, 1, 1, 1, 1, 1], [0, 0, 1, 1, 1, 1], [0, 0, 0, 0, 1, 1]]
    np.testing.assert_array_equal(kernel_mask((3, 3, 3, 6), "B", in_turn=False)[1, 1], thirds)
    with pytest.raises(ValueError, match="divisible by 3"):
        MaskedConv2D(4, 1, mask="A")


def test_the_centre_of_a_patch_is_the_convolution_there():
    layer = MaskedConv2D(6, 3, mask="B")
    maps = tf.random.normal([2, 3, 3, 3])
    np.testing.assert_allclose(layer(maps)[:, 1, 1], layer.centre(tf.reshape(maps, [2, -1])), atol=1e-6)


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
    once, often = gradient(2).numpy(), gradient(1001).numpy()
    assert abs(once).max() > 1e-3
    np.testing.assert_allclose(often, 1000 * once, rtol=0.01)


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


def dense(inputs, outputs):
    return inputs * outputs + outputs


def normalised(kernel, inputs, outputs):
    return kernel * kernel * inputs * outputs + 2 * outputs


GOLDEN = {
    # Zone 24 · 4, three layers of 256; R; G with a table of 256 rows for R; B with two.
    "pixel_cnn": dense(96, 256) + 2 * dense(256, 256) + 5 * dense(256, 256) + 3 * 256 * 256,
    # 7×7 of 3 to 96; four times 1×3 of 96 to 4 · 48, three taps of 48, 48 up to 96; 96, 96, 768.
    "row_lstm": dense(147, 96)
    + 4 * (dense(3 * 96, 192) + 3 * 48 * 192 + dense(48, 96))
    + 2 * dense(96, 96)
    + dense(96, 768),
    # Three times two directions of 1×1 and two taps.
    "diagonal_bilstm": dense(147, 96)
    + 3 * (2 * (dense(96, 192) + 2 * 48 * 192) + dense(48, 96))
    + 2 * dense(96, 96)
    + dense(96, 768),
    # A table of 3 · 256 rows of 4 · 64, state-to-state, softmax.
    "flattened_row_lstm": 3 * 256 * 256 + 64 * 256 + dense(64, 256),
    # U-Net 32, 64, 128, 256 and back, 64 features; zone of 3 · 7 + 3 pixels; two layers and three heads of 256.
    "conditional_pixel_cnn": normalised(3, 4, 32)
    + sum(normalised(3, n, n) + normalised(3, n, 2 * n) + normalised(3, 2 * n, 2 * n) for n in (32, 64, 128))
    + sum(normalised(4, 2 * n, n) + normalised(3, 2 * n, n) for n in (128, 64, 32))
    + normalised(3, 32, 64)
    + dense(96 + 64, 256)
    + 6 * dense(256, 256)
    + 3 * 256 * 256,
}


def test_every_density_model_has_a_golden_size():
    assert set(GOLDEN) == set(DENSITY)


@pytest.mark.parametrize("name", DENSITY)
@pytest.mark.parametrize("image_size", [32, 64, 128])
def test_golden_sizes(name, image_size):
    """The network has the same size whatever the image's."""
    network = build_generator(resolved(with_settings(experiment(name), {"image_size": str(image_size)})))
    assert parameters(network) == GOLDEN[name]


@pytest.mark.parametrize("name", DENSITY)
def test_logits_of_a_larger_image(name, small_config):
    config = small_config(name, image_size=64)
    network = build_generator(config)
    pixels = tf.zeros([1, 64, 64, 3], tf.int32)
    conditional = isinstance(network, ConditionalPixelCNN)
    logits = tf.function(network)([pixels, tf.ones([1, 64, 64, 1])] if conditional else pixels)
    assert logits.shape == (1, 64, 64, 3, 256) and logits.dtype == tf.float32
