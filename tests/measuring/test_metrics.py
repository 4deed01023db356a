"""Every expected value is worked out in the test. Images are 16×16 with a 4×4 hole unless said otherwise."""

import numpy as np
import pytest
import tensorflow as tf

from inpainting.masks import center_masks
from inpainting.measuring.metrics import METRICS, PER_IMAGE, band_energies, hole_mse, per_image, summarise
from inpainting.pixels import to_float, to_uint8

MASK = center_masks(1, image_size=16, hole=4)


def measure(prediction, target, mask=MASK):
    values = per_image(
        prediction=tf.constant(prediction, tf.float32), target=tf.constant(target, tf.float32), mask=mask
    )
    return {key: float(value) for key, value in summarise({k: np.mean(v) for k, v in values.items()}).items()}


def test_converters_on_all_256_values():
    values = np.arange(256, dtype=np.uint8)
    floats = to_float(values).numpy()
    assert floats[0] == -1 and floats[255] == 1
    np.testing.assert_array_equal(to_uint8(floats), values)
    np.testing.assert_array_equal(to_uint8([-7.0, 7.0]), [0, 255])


def test_squared_errors_of_a_constant_error():
    # Error 0.2 in [-1, 1] is 0.1 in [0, 1]: mse 0.01, 20 dB; Eq. 1: 3 · 0.04; ½ Σ: ½ · 16 · 3 · 0.04.
    values = measure(np.full((1, 16, 16, 3), 0.2), np.zeros((1, 16, 16, 3)))
    assert values["hole_mse"] == pytest.approx(0.01)
    assert values["hole_psnr"] == pytest.approx(20, abs=1e-4)
    assert values["l2"] == pytest.approx(0.12) and values["l2"] == pytest.approx(12 * values["hole_mse"])
    assert values["half_sum_l2"] == pytest.approx(0.96)
    assert list(values) == list(METRICS)


def test_half_sum_of_the_paper_s_hole_is_384_hole_mse():
    mask = center_masks(1, image_size=32, hole=8)
    values = measure(np.full((1, 32, 32, 3), 0.1), np.zeros((1, 32, 32, 3)), mask)
    assert values["half_sum_l2"] == pytest.approx(384 * values["hole_mse"])


def test_predictions_are_clipped_as_an_image_is():
    error = hole_mse(prediction=tf.fill([1, 16, 16, 3], 5.0), target=tf.ones([1, 16, 16, 3]), mask=MASK)
    assert error.numpy() == 0


def test_maem_counts_pixels_within_5_on_all_channels():
    target = np.full((1, 16, 16, 3), 100, np.uint8)
    prediction = target.copy()
    prediction[0, 6, 6:10] = (105, 95, 100)  # within
    prediction[0, 7, 6:10] = (106, 100, 100)  # one channel off
    prediction[0, 8:10, 6:10] = (100, 100, 200)
    values = measure(to_float(prediction).numpy(), to_float(target).numpy())
    assert values["maem"] == pytest.approx(100 * 4 / 16)


def test_ssim_is_of_the_whole_completed_image():
    truth = np.random.default_rng(0).uniform(-1, 1, (1, 16, 16, 3)).astype(np.float32)
    assert measure(truth, truth)["ssim"] == pytest.approx(1)
    elsewhere = truth + 9 * (1 - MASK.numpy())  # wrong in the context only, which is not taken from it
    assert measure(elsewhere, truth)["ssim"] == pytest.approx(1)
    assert measure(-truth, truth)["ssim"] < 0.95


def test_sharpness_is_a_ratio_of_gradients_inside_the_hole():
    ramp = np.tile(np.arange(16, dtype=np.float32)[None, None, :, None] / 16 - 0.5, (1, 16, 1, 3))
    assert measure(ramp, ramp)["sharpness"] == pytest.approx(1)
    assert measure(ramp / 2, ramp)["sharpness"] == pytest.approx(0.5)
    assert measure(np.zeros_like(ramp), ramp)["sharpness"] == 0


def test_seam_is_the_difference_across_the_border():
    # Truth: a ramp of 1/16 a column; across the left and right border 1/16 (8 pairs), across the others 0
    # (8 pairs): mean 1/32. A completion shifted by 1/2: |1/16 − 1/2| and 1/16 + 1/2 at the sides, 1/2 above and
    # below: mean (4 · 7/16 + 4 · 9/16 + 8 · 1/2) / 16 = 1/2. Ratio 16.
    ramp = np.tile(np.arange(16, dtype=np.float32)[None, None, :, None] / 16 - 0.5, (1, 16, 1, 3))
    assert measure(ramp, ramp)["seam"] == pytest.approx(1)
    assert measure(ramp + 0.5, ramp)["seam"] == pytest.approx(16, rel=1e-4)


def test_values_are_per_image():
    prediction = tf.constant(np.stack([np.zeros((16, 16, 3)), np.full((16, 16, 3), 0.2)]), tf.float32)
    mask = tf.tile(MASK, [2, 1, 1, 1])
    values = per_image(prediction=prediction, target=tf.zeros([2, 16, 16, 3]), mask=mask)
    assert set(values) == set(PER_IMAGE) and all(value.shape == (2,) for value in values.values())
    np.testing.assert_allclose(values["hole_mse"], [0, 0.01], rtol=1e-5)


@pytest.fixture
def waves():
    """A 6×6 hole in 16×16 pixels of noise."""
    mask = center_masks(1, image_size=16, hole=6)
    return tf.random.stateless_uniform([1, 16, 16, 3], [3, 4], -1, 1), mask


def bands(prediction, target, mask):
    values = measure(prediction, target, mask)
    return [values[f"band_{band}"] for band in ("low", "middle", "high")]


def test_the_bands_of_truth_and_of_a_flat_fill(waves):
    truth, mask = waves
    assert bands(truth, truth, mask) == pytest.approx([1, 1, 1])
    assert bands(truth / 2, truth, mask) == pytest.approx([1 / 4, 1 / 4, 1 / 4])  # energy: amplitude squared
    assert bands(tf.fill(truth.shape, 0.7), truth, mask) == pytest.approx([0, 0, 0], abs=1e-9)


@pytest.mark.parametrize(
    ("wave", "band"),
    [((0, 1), 0), ((1, 1), 0), ((2, 0), 1), ((1, 3), 1), ((4, 0), 2), ((5, 5), 2), ((0, 5), 2)],
)
def test_a_wave_has_its_energy_in_one_band(wave, band, waves):
    """cos(π (y + ½) u / 6) cos(π (x + ½) v / 6): thirds of 6 frequencies are 0 and 1, 2 and 3, 4 and 5."""
    _, mask = waves
    along = [np.cos(np.pi * (np.arange(16) - 5 + 0.5) * index / 6) for index in wave]
    energies = band_energies(tf.constant((along[0][:, None] * along[1])[None, ..., None], tf.float32), mask)
    expected = np.zeros(3)  # the squared norm of the wave: 6 for a constant factor, 6 / 2 for a cosine
    expected[band] = np.prod([3 if index else 6 for index in wave])
    np.testing.assert_allclose(np.squeeze(energies), expected, atol=1e-4)


def test_a_checkerboard_does_not_pass_for_detail(waves):
    """A ramp (all of it low) and a checkerboard of ±0.1: as sharp as you like, by energy that is all high."""
    noise, mask = waves
    y, x = np.mgrid[:16, :16]
    ramp = tf.constant((x / 16 - 0.5)[None, ..., None].repeat(3, -1) + 0.01 * noise, tf.float32)
    checked = ramp + tf.constant(0.1 * (-1.0) ** (x + y)[None, ..., None], tf.float32)
    low, middle, high = bands(checked, ramp, mask)
    assert low == pytest.approx(1, abs=0.05) and high > 10 * middle and high > 100


def test_the_bands_of_noise_by_parseval():
    """All bands and the mean have the energy of the pixels; white noise has the same in each coefficient."""
    random = np.random.default_rng(0)
    noise = tf.constant(random.normal(0, 0.1, (400, 16, 16, 3)), tf.float32)
    mask = np.zeros((400, 16, 16, 1), np.float32)
    mask[:, 3:9, 2:14] = 1
    box = noise[:, 3:9, 2:14].numpy()
    energies = np.transpose(band_energies(noise, tf.constant(mask)))
    mean = 6 * 12 * np.square(box.mean((1, 2))).sum(-1)
    np.testing.assert_allclose(energies.sum(1) + mean, np.square(box).sum((1, 2, 3)), rtol=1e-4)
    # Of 6×12 coefficients, 2×4 less one are low, 4×8 less 2×4 middle, the other 40 high; variance 0.01.
    np.testing.assert_allclose(energies.mean(0), np.array([7, 24, 40]) * 3 * 0.01, rtol=0.03)


def test_of_holes_of_other_shapes_the_hole_alone_counts():
    """What is known in their bounding box is as if it had the hole's mean colour, 0.2 in the corner pixels."""
    image = tf.random.stateless_uniform([1, 16, 16, 3], [5, 6], -1, 1).numpy()
    corners, box = np.zeros((2, 1, 16, 16, 1), np.float32)
    corners[0, 2, 5] = corners[0, 8, 3] = 1
    box[0, 2:9, 3:6] = 1
    image[0, 2, 5], image[0, 8, 3] = 0.5, -0.1
    flat = np.where(corners > 0, image, np.float32(0.2))
    energies = band_energies(tf.constant(image), corners)
    np.testing.assert_allclose(energies, band_energies(tf.constant(flat), box), rtol=1e-4, atol=1e-6)
    # Parseval: 2 pixels that differ by 0.3 from the mean, in 3 channels.
    np.testing.assert_allclose(np.sum(energies), 2 * 3 * 0.3**2, rtol=1e-4)
