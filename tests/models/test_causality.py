"""What a sub-pixel of a density model sees, proved on untrained weights."""

import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from models.conditional_pixel_cnn import causal_offsets, conditional_pixel_cnn
from models.diagonal_bilstm import diagonal_bilstm
from models.flattened_row_lstm import flattened_row_lstm
from models.masked_conv import MaskedConv2D, kernel_mask
from models.pixel_cnn import pixel_cnn, zone_offsets
from models.row_lstm import row_lstm

SEQUENTIAL = {
    "pixel_cnn": lambda: pixel_cnn(units=32, layers=2),
    "row_lstm": lambda: row_lstm(units=24, layers=1),
    "diagonal_bilstm": lambda: diagonal_bilstm(units=24, layers=1),
    "flattened_row_lstm": lambda: flattened_row_lstm(units=16, layers=2),
}


def changes(network, pixels, mask=None, *, together=1):
    """[N / together, N] of booleans: with sub-pixels i changed, the logits of sub-pixel j differ.

    pixels: [1, H, W, 3], of N sub-pixels. together: how many of them change at once: 3, a pixel's.
    """

    def logits(batch):
        batch = tf.constant(batch.reshape(-1, *pixels.shape[1:]), tf.int32)
        inputs = batch if mask is None else [batch, tf.repeat(mask, len(batch), 0)]
        return network(inputs).numpy().reshape(len(batch), pixels.size, 256)

    groups = np.repeat(np.eye(pixels.size // together, dtype=bool), together, 1)
    others = np.where(groups, 255 - pixels.reshape(1, -1), pixels.reshape(1, -1))
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
    changed = changes(network, noise(height, width), together=3)[:, (row * width + column) * 3]
    seen = np.where(changed.reshape(height, width), "#", ".")
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


@pytest.fixture(scope="module")
def conditional():
    """The conditional Pixel CNN, and a mask for it: a hole of 3×3 in 8×8 pixels."""
    keras.utils.set_random_seed(0)  # it is made before the test's own random state
    mask = np.zeros((1, 8, 8, 1), np.float32)
    mask[:, 3:6, 3:6] = 1
    return conditional_pixel_cnn(image_size=8, patch=8, filters=8, features=16, units=32), mask


def test_conditional_pixel_cnn_sees_the_context_and_the_earlier_hole_pixels(conditional):
    network, mask = conditional
    changed = changes(network, noise(8, 8), mask).reshape(8, 8, 3, 8, 8, 3)
    seen = changed[:, :, :, 4, 4, 0].any(2)
    hole = mask[0, ..., 0] > 0
    assert seen[~hole].all()
    np.testing.assert_array_equal(seen[3:6, 3:6], [[1, 1, 1], [1, 0, 0], [0, 0, 0]])
    inside = changed[3:6, 3:6, :, 3:6, 3:6, :].reshape(27, 27)
    assert not np.tril(inside).any()


def test_hidden_hole_pixels_are_not_seen(conditional):
    network, mask = conditional
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
