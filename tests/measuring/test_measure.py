"""A filler over a data set: means over images, worked out in the test."""

import numpy as np
import pytest
import tensorflow as tf

from inpainting.filling.fillers import Filler
from inpainting.losses.likelihood import DENSITY_PER_IMAGE
from inpainting.masks import center_masks
from inpainting.measuring import measure as measuring
from inpainting.measuring.measure import measure
from inpainting.measuring.metrics import METRICS
from inpainting.measuring.report import metrics_table
from inpainting.pixels import to_float

PICTURE = 100  # every value of every picture


class KnownError(Filler):
    """Is 10 levels off in the hole of the first picture, 20 in that of the next, and so on, by the seed."""

    def __init__(self):
        super().__init__("known error", parameters=7)
        self.seeds = []

    def __call__(self, pictures, masks, *, seed=0):
        assert pictures.dtype == np.uint8 and (pictures == PICTURE).all() and masks.shape == pictures.shape[:3]
        self.seeds.append(seed)
        error = 10 * (1 + seed + np.arange(len(pictures)))
        return np.uint8(pictures + error[:, None, None, None] * masks[..., None])


class KnownLikelihood(KnownError):
    """A bit for the first picture's whole, two for the next, and so on."""

    def __init__(self, mode, known):
        super().__init__()
        self.mode, self.known, self.batches = mode, known, []

    def likelihood(self, pixels, mask):
        assert pixels.dtype == tf.int32 and mask.shape == (*pixels.shape[:3], 1)
        first = sum(self.batches)
        self.batches.append(len(pixels))
        return dict.fromkeys(self.known, tf.range(1.0 + first, 1.0 + first + len(pixels)))


def batches(count, batch):
    image = tf.fill([count, 16, 16, 3], to_float(PICTURE))
    mask = center_masks(count, image_size=16, hole=4)
    return tf.data.Dataset.from_tensor_slices({"image": image, "mask": mask}).batch(batch)


def test_a_short_last_batch_counts_by_its_images():
    filler = KnownError()
    row, errors = measure(filler, batches(5, 3))
    assert filler.seeds == [0, 3]  # a picture's draws follow from its place in the set
    expected = (np.array([10, 20, 30, 40, 50]) / 255) ** 2
    np.testing.assert_allclose(errors, expected, rtol=1e-5)
    assert row["hole_mse"] == pytest.approx(np.mean(expected), rel=1e-5)
    assert row["hole_psnr"] == pytest.approx(-10 * np.log10(np.mean(expected)), rel=1e-5)  # of the mean
    assert row["half_sum_l2"] == pytest.approx(0.5 * 16 * 3 * 4 * np.mean(expected), rel=1e-5)
    assert row["maem"] == 0
    assert set(row) == {*METRICS, "ms_per_image", "parameters"}
    assert row["parameters"] == 7 and row["ms_per_image"] > 0


def test_a_single_batch_is_timed_a_second_time():
    """The first one traces the network's graph."""
    filler = KnownError()
    row, errors = measure(filler, batches(2, 3))
    assert filler.seeds == [0, 0] and len(errors) == 2
    assert row["hole_mse"] == pytest.approx((10**2 + 20**2) / 2 / 255**2, rel=1e-5)


@pytest.mark.parametrize("known", [DENSITY_PER_IMAGE, DENSITY_PER_IMAGE[:2]])
def test_the_likelihood_of_a_density_model(known, monkeypatch):
    """In batches of its own, once, with the mode mean; those values alone that the model has."""
    monkeypatch.setattr(measuring, "LIKELIHOOD_BATCH", 2)
    filler = KnownLikelihood("mean", known)
    row, _ = measure(filler, batches(5, 3))
    assert filler.batches == [2, 2, 1]
    assert {key: row[key] for key in DENSITY_PER_IMAGE if key in row} == dict.fromkeys(known, 3.0)
    assert row["hole_mse"] == pytest.approx(1100 / 255**2, rel=1e-5)  # (10² + 20² + 30² + 40² + 50²) / 5
    sample = KnownLikelihood("sample", known)
    assert not set(measure(sample, batches(5, 3))[0]) & set(DENSITY_PER_IMAGE) and sample.batches == []


def test_the_table_leaves_out_what_no_filler_has():
    rows = {"a": measure(KnownError(), batches(2, 2))[0]}
    heading, _, line = metrics_table(rows).splitlines()
    assert heading == f"| filler | {' | '.join(METRICS)} | ms_per_image | parameters |"
    assert line.startswith("| a | 0.0038 |") and line.endswith(" | 7 |")  # (10² + 20²) / 2 / 255²
    rows["b"] = {"hole_mse": 0.5, "bits_per_dim": 3.21}
    heading, *_, line = metrics_table(rows).splitlines()
    assert "| bits_per_dim |" in heading and line.startswith("| b | 0.5000 |") and "| 3.21 |" in line
