"""Every expected value is worked out in the test. Images are 16×16 with a 4×4 hole unless said otherwise."""

import numpy as np
import pytest
import tensorflow as tf

from inpainting.masks import center_masks
from inpainting.measuring.metrics import METRICS, PER_IMAGE, hole_mse, per_image, summarise
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
