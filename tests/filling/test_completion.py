"""Completion: the fast way gives what the whole network gives for each sub-pixel in turn."""

from functools import partial

import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from benchmarks.completion import complete_naively
from inpainting.config.generators import DENSITY
from inpainting.filling.completion import MODES, _known_share, choose_values, complete
from models.conditional_pixel_cnn import conditional_pixel_cnn
from models.diagonal_bilstm import diagonal_bilstm
from models.flattened_row_lstm import flattened_row_lstm
from models.pixel_cnn import pixel_cnn
from models.row_lstm import row_lstm

SIZE = 8
BUILDERS = {
    "pixel_cnn": partial(pixel_cnn, units=16, layers=1),
    "row_lstm": partial(row_lstm, units=12, layers=2),
    "diagonal_bilstm": partial(diagonal_bilstm, units=12, layers=2),
    "flattened_row_lstm": partial(flattened_row_lstm, units=8, layers=2),
    "conditional_pixel_cnn": partial(
        conditional_pixel_cnn, image_size=SIZE, patch=SIZE, filters=8, features=12, units=16, layers=1
    ),
}


def network_of(name):
    """With weights that tell values apart: at initialisation all are nearly equally likely."""
    network = BUILDERS[name]()
    random = np.random.default_rng(0)
    for weight in network.trainable_variables:
        weight.assign(weight + 0.1 * random.normal(size=weight.shape).astype(np.float32))
    return network


FOUR_READINGS = {
    "flattened_row_lstm": partial(flattened_row_lstm, units=8),
    "pixel_cnn": partial(pixel_cnn, units=16, layers=1, dropout=0.0),
}


def four_readings(name):
    """A network that reads from four corners."""
    network = FOUR_READINGS[name](directions=4)
    network(tf.zeros([1, 1, 1, 3], tf.int32))  # makes the weights
    random = np.random.default_rng(0)
    for weight in network.trainable_variables:
        weight.assign(random.normal(size=weight.shape).astype(np.float32))
    return network


def compiled(network, mode):
    """complete() of any number of pictures, traced once: arrays and a seed for each in, arrays out."""
    signature = [
        tf.TensorSpec([None, SIZE, SIZE, 3], tf.int32),
        tf.TensorSpec([None, SIZE, SIZE, 1]),
        tf.TensorSpec([None], tf.int32),
    ]
    traced = tf.function(
        lambda pixels, mask, seed: complete(network, pixels, mask, mode=mode, seed=seed),
        input_signature=signature,
    )

    def fill(pixels, mask, seed):
        inputs = tf.constant(pixels, tf.int32), tf.constant(mask, tf.float32), tf.constant(seed, tf.int32)
        return [output.numpy() for output in traced(*inputs)]

    return fill


@pytest.fixture
def pixels():
    return np.random.default_rng(1).integers(0, 256, (3, SIZE, SIZE, 3))


@pytest.fixture
def mask():
    """Three holes: one inside, one in the second corner, two pieces with one in the last row."""
    mask = np.zeros((3, SIZE, SIZE, 1), np.float32)
    mask[0, 2:5, 3:6] = mask[1, 0:2, 5:8] = mask[2, 7, 0] = mask[2, 4:6, 4] = 1
    return mask


def test_every_density_model_is_completed():
    assert set(BUILDERS) == set(DENSITY)


# Every mode, and of the networks those that are read differently. All but one treat the modes alike.
QUICK = [("pixel_cnn", mode) for mode in MODES]
QUICK += [("flattened_row_lstm", "sample"), ("conditional_pixel_cnn", "sample")]
OTHERS = [
    (name, mode)
    for name in BUILDERS
    for mode in MODES
    if (name, mode) not in QUICK
    and (name, mode) != ("conditional_pixel_cnn", "mean")  # given the context alone: a test of its own
]


@pytest.fixture(
    scope="module",
    params=[*QUICK, *(pytest.param(case, marks=pytest.mark.slow) for case in OTHERS)],
    ids="-".join,
)
def case(request):
    """(network, mode, compiled completion)"""
    name, mode = request.param
    keras.utils.set_random_seed(0)  # it is made before the test's own random state
    network = network_of(name)
    return network, mode, compiled(network, mode)


def test_the_naive_way_gives_the_same(case, pixels, mask):
    network, mode, fill = case
    completed, likelihood = fill(pixels, mask, [5, 6, 7])
    expected, expected_likelihood = complete_naively(network, pixels, mask, mode=mode, seed=5)
    np.testing.assert_array_equal(completed, expected)
    np.testing.assert_allclose(likelihood, expected_likelihood, rtol=1e-4)
    known = mask[..., 0] == 0
    np.testing.assert_array_equal(completed[known], pixels[known])


def test_what_the_hole_holds_is_not_looked_at(case, pixels, mask):
    *_, fill = case
    other = np.where(mask > 0, 255 - pixels, pixels)
    np.testing.assert_array_equal(fill(pixels, mask, [1, 2, 3])[0], fill(other, mask, [1, 2, 3])[0])


def test_an_image_without_a_hole_comes_back(case, pixels, mask):
    *_, fill = case
    completed, likelihood = fill(pixels, 0 * mask, [0, 0, 0])
    np.testing.assert_array_equal(completed, pixels)
    np.testing.assert_array_equal(likelihood, 0)


def test_an_image_is_completed_by_its_own_seed_wherever_it_stands(case, pixels, mask):
    """Alone, or with others whose holes begin in other rows."""
    _, mode, fill = case
    together, _ = fill(pixels, mask, [4, 9, 4])
    for some in ([1], [0, 2], [2, 0]):
        np.testing.assert_array_equal(
            fill(pixels[some], mask[some], np.array([4, 9, 4])[some])[0], together[some]
        )
    other, _ = fill(pixels, mask, [5, 9, 4])
    assert (together[0] != other[0]).any() == (mode == "sample")
    np.testing.assert_array_equal(together[1:], other[1:])


def test_an_image_is_made_of_nothing(case, pixels):
    """All is missing: the naive way makes the same first two rows, 48 sub-pixels."""
    network, mode, fill = case
    everything = np.ones([1, SIZE, SIZE, 1], np.float32)
    made, _ = fill(pixels[:1], everything, [2])
    expected, _ = complete_naively(network, pixels[:1], everything, mode=mode, seed=2, limit=48)
    np.testing.assert_array_equal(made[:, :2], expected[:, :2])


def test_the_conditional_mean_is_that_given_the_context(pixels, mask):
    """Every sub-pixel of the hole at once: its expected value depends on no other, earlier colours included."""
    network = network_of("conditional_pixel_cnn")
    completed, likelihood = complete(network, tf.constant(pixels, tf.int32), mask, mode="mean")
    where = tf.constant(np.argwhere(mask[..., 0] > 0), tf.int32)
    marginal = []
    for filling in (0, 255):  # nothing of which may be seen
        blank = tf.constant(np.where(mask > 0, filling, pixels), tf.int32)
        description = network.describe(blank, mask)
        logits = network.marginal_logits_at(blank, where, mask=mask, description=description)
        marginal.append(logits)
    np.testing.assert_array_equal(*marginal)
    expected = np.round(tf.nn.softmax(logits).numpy() @ np.arange(256))
    np.testing.assert_array_equal(tf.gather_nd(completed, where), expected)
    log_p = np.take_along_axis(tf.nn.log_softmax(logits).numpy(), expected[..., None].astype(int), -1)
    np.testing.assert_allclose(likelihood, np.bincount(where[:, 0], log_p.sum((1, 2))), rtol=1e-4)
    # R has no earlier colour: what remains is not to see the earlier pixels.
    hidden = network.hidden_at(blank, where, visible=1 - mask, description=description)
    np.testing.assert_allclose(logits[:, 0], network.head(0, hidden, tf.gather_nd(blank, where)), rtol=1e-5)


def test_samples_follow_the_distribution():
    """Inverse transform: 0 with p = ¼, 7 with ¾; draws below ¼ give 0."""
    logits = np.full((1, 256), -1e9, np.float32)
    logits[0, [0, 7]] = np.log([0.25, 0.75])
    where = tf.constant([[0, 0, 0]])
    for drawn, value in ((0.0, 0), (0.24, 0), (0.26, 7), (0.999, 7)):
        uniform = tf.fill([1, 1, 1, 3], drawn)
        chosen, log_p = choose_values(tf.constant(logits), where, 0, mode="sample", uniform=uniform)
        assert chosen.numpy().item() == value
        assert log_p.numpy().item() == pytest.approx(np.log(0.25 if value == 0 else 0.75), rel=1e-5)
    # At temperature 2 they are as √¼ to √¾, 0 with p = 1 / (1 + √3) = 0.366; the likelihood stays.
    for drawn, value in ((0.36, 0), (0.37, 7)):
        uniform = tf.fill([1, 1, 1, 3], drawn)
        options = {"mode": "sample", "temperature": 2.0, "uniform": uniform}
        chosen, log_p = choose_values(tf.constant(logits), where, 0, **options)
        assert chosen.numpy().item() == value
        assert log_p.numpy().item() == pytest.approx(np.log(0.25 if value == 0 else 0.75), rel=1e-5)
    # The mean: ¾ · 7 = 5.25. Greedy: 7.
    for mode, value in (("mean", 5), ("greedy", 7)):
        chosen, _ = choose_values(tf.constant(logits), where, 0, mode=mode)
        assert chosen.numpy().item() == value


def test_a_low_temperature_is_greedy(pixels, mask):
    network = network_of("pixel_cnn")
    images = tf.constant(pixels, tf.int32)
    cold, cold_likelihood = complete(network, images, mask, mode="sample", temperature=1e-4)
    greedy, likelihood = complete(network, images, mask, mode="greedy")
    np.testing.assert_array_equal(cold, greedy)
    np.testing.assert_allclose(cold_likelihood, likelihood, rtol=1e-5)  # at temperature 1, both


def test_what_cannot_be_meant_is_refused(pixels, mask):
    network, images = network_of("pixel_cnn"), tf.constant(pixels, tf.int32)
    with pytest.raises(ValueError, match="one of mean, greedy, sample"):
        complete(network, images, mask, mode="argmax")
    for temperature in (0.0, -1.0):
        with pytest.raises(ValueError, match="temperature must be more than 0"):
            complete(network, images, mask, mode="sample", temperature=temperature)


def test_no_draw_falls_behind_the_last_possible_value():
    """All probability on value 3 and a draw just below 1: rounding of the sum gives no other value."""
    random = np.random.default_rng(0)
    logits = random.normal(size=(500, 256)).astype(np.float32)
    logits[:, 200:] = -1e9
    where = tf.constant([[0, 0, 0]] * 500)
    uniform = tf.fill([1, 1, 1, 3], np.float32(1 - 2**-23))
    chosen, _ = choose_values(tf.constant(logits), where, 0, mode="sample", uniform=uniform)
    assert chosen.numpy().max() < 200


def turned_by(maps, turns):
    """Maps [B, H, W, …] turned counter-clockwise by so many quarters."""
    return np.rot90(maps, turns, axes=(1, 2))


def readings_of(forward, pixels, turns, row, column):
    """log p of a pixel's colours, [B, 3, 256], by the reading of turned pixels that are all known."""
    logits = forward(tf.constant(turned_by(pixels, turns), tf.int32)).numpy()
    return tf.nn.log_softmax(turned_by(logits, -turns)[:, row, column]).numpy()


@pytest.mark.slow
@pytest.mark.parametrize("name", FOUR_READINGS)
@pytest.mark.parametrize(("mode", "hole"), [("greedy", np.s_[2:4, 2:5]), ("mean", np.s_[:2, 4:])])
def test_four_corners_by_hand(mode, hole, name):
    """A hole of 2×3 in 6×7: three readings fill it alone, then their product with the first fills it."""
    network = four_readings(name)
    forward = tf.function(network)
    pixels = np.random.default_rng(1).integers(0, 256, (2, 6, 7, 3))
    mask = np.zeros((2, 6, 7, 1), np.float32)
    mask[:, *hole] = 1
    blank = np.where(mask > 0, 0, pixels)

    def share(turns, row, column):
        """Known pixels before a pixel, in the order of the reading: in the zone of 5×5, or in its row."""
        known = turned_by(1 - mask, turns)[0, ..., 0]
        row, column = [(row, column), (6 - column, row), (5 - row, 6 - column), (column, 5 - row)][turns]
        up, left = (4, 4) if name == "pixel_cnn" else (0, 12)
        reach = [(i, j) for i in range(up + 1) for j in range(left + 1) if i or j]
        found = [known[row - i, column - j] if i <= row and j <= column else 0 for i, j in reach]
        thirds = [3.0 ** -(i + j) for i, j in reach]
        return max(np.dot(thirds, found) / sum(thirds), 1e-4)

    def choose(log_p):
        p = np.exp(log_p - log_p.max(-1, keepdims=True))
        return p.argmax(-1) if mode == "greedy" else np.round(p / p.sum(-1, keepdims=True) @ np.arange(256))

    # Each of the others fills the hole in its own order with its own means.
    alone = []
    for turns in (1, 2, 3):
        turned, missing = turned_by(blank, turns).copy(), turned_by(mask, turns)
        for row, column in np.argwhere(missing[0, ..., 0]):
            for colour in range(3):
                log_p = readings_of(forward, turned, 0, row, column)[:, colour]
                turned[:, row, column, colour] = np.round(np.exp(log_p) @ np.arange(256))
        alone.append(turned_by(turned, -turns))
    filled, likelihood = blank.copy(), np.zeros(2)
    for row, column in np.argwhere(mask[0, ..., 0]):
        weights = np.array([share(turns, row, column) for turns in range(4)])
        weights /= weights.sum()
        for colour in range(3):
            log_p = 0
            for weight, turns, known in zip(weights, range(4), [filled, *alone], strict=True):
                known = known.copy()
                known[:, row, column] = filled[:, row, column]  # the pixel's own earlier colours: as chosen
                log_p = log_p + weight * readings_of(forward, known, turns, row, column)[:, colour]
            chosen = choose(log_p).astype(int)
            filled[:, row, column, colour] = chosen
            likelihood += tf.nn.log_softmax(log_p).numpy()[range(2), chosen]
    fill = tf.function(lambda pixels, mask: complete(network, pixels, mask, mode=mode))
    completed, filled_likelihood = fill(tf.constant(pixels, tf.int32), tf.constant(mask))
    np.testing.assert_array_equal(completed, filled)
    np.testing.assert_allclose(filled_likelihood, likelihood, rtol=1e-4)


def test_what_a_reading_has_passed_fades_with_distance():
    """A row of 6 known, 14 missing and 2 known pixels; the two before each count ⅓ and ⅑."""
    missing = tf.constant([[[False] * 6 + [True] * 14 + [False] * 2]])
    offsets = np.array([[0, -2], [0, -1]])
    forth, back = (_known_share(missing, turns, offsets).numpy()[0, 0] for turns in (0, 2))
    one, other = np.array([1 / 3, 1 / 9]) / (4 / 9)
    nothing = 1e-4
    np.testing.assert_allclose(forth, [nothing, one, *[1] * 5, other, *[nothing] * 13, one], rtol=1e-5)
    np.testing.assert_allclose(back, [*[1] * 4, one, *[nothing] * 13, other, 1, one, nothing], rtol=1e-5)


@pytest.mark.parametrize("name", FOUR_READINGS)
def test_four_corners_leave_the_context_and_look_at_what_comes_after(name, pixels, mask):
    fill = compiled(four_readings(name), "sample")
    completed, _ = fill(pixels, mask, [4, 9, 7])
    # Images do not see each other: the third one, with two holes, alone.
    np.testing.assert_array_equal(fill(pixels[2:], mask[2:], [7])[0][0], completed[2])
    known = mask[..., 0] == 0
    np.testing.assert_array_equal(completed[known], pixels[known])
    other = pixels.copy()
    other[0, 2:5, 6] = 255 - other[0, 2:5, 6]  # the column right of the first image's hole
    assert (fill(other, mask, [4, 9, 7])[0][0, 2:5, 3:6] != completed[0, 2:5, 3:6]).any()
    np.testing.assert_array_equal(fill(pixels, 0 * mask, [4, 9, 7])[0], pixels)  # no hole at all
