"""What a classifier must be able to tell from truth, and what it cannot. Small pictures, small networks."""

import numpy as np
import pytest

from inpainting.errors import InputError
from inpainting.measuring import c2st as module
from inpainting.measuring.c2st import _half_interval, _hole_and_ring, c2st
from pipelines.dead_leaves import dead_leaves

COUNT, SIZE = 400, 16
MASKS = np.zeros((COUNT, SIZE, SIZE))
MASKS[:, 4:12, 4:12] = 1
HOLE = MASKS[..., None] > 0


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(module, "FILTERS", (16, 32))
    monkeypatch.setattr(module, "BATCH", 32)
    monkeypatch.setattr(module, "UPDATES", 200)


def leaves():
    return dead_leaves(COUNT, image_size=SIZE, seed=0)


def noise(seed):
    return np.random.default_rng(seed).integers(0, 256, (COUNT, SIZE, SIZE, 3), np.uint8)


def mean_of_hole(pictures):
    inside = pictures[:, 4:12, 4:12].mean((1, 2), keepdims=True)
    return np.where(HOLE, np.uint8(inside), pictures)


@pytest.mark.slow
def test_the_truth_itself_gets_the_same_answer_as_truth():
    """Each picture once right and once wrong: exactly one half."""
    assert c2st(leaves(), leaves(), MASKS)["c2st"] == 0.5


@pytest.mark.slow
def test_other_draws_of_the_same_distribution_cannot_be_told():
    found = c2st(noise(0), np.where(HOLE, noise(1), noise(0)), MASKS)
    assert found["c2st_interval"] == pytest.approx(1.96 * np.sqrt(0.25 / COUNT), rel=0.02)  # 0.049
    assert abs(found["c2st"] - 0.5) < 1.6 * found["c2st_interval"]  # three standard errors


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fill", "least"),
    [
        (mean_of_hole, 0.8),
        (lambda pictures: np.where(HOLE, noise(1), pictures), 0.95),
    ],
    ids=["blur", "noise"],
)
def test_blur_and_noise_are_told(fill, least):
    assert c2st(leaves(), fill(leaves()), MASKS)["c2st"] > least


def test_it_sees_hole_and_ring_alone():
    """A hole of 2×3 and a ring of 4: 10×11 pixels, where they are in the picture."""
    masks = np.zeros((2, 20, 20))
    masks[0, 8:10, 5:8] = masks[1, 8:10, 6:8] = 1
    pairs = _hole_and_ring(np.full((2, 2, 20, 20, 3), 7, np.uint8), masks)
    assert pairs.shape == (2, 2, 10, 11, 4)
    np.testing.assert_array_equal(pairs[0, 0, ..., :3], 7)
    np.testing.assert_array_equal(pairs[1, :, :, 0], 0)  # outside of the second picture's ring
    np.testing.assert_array_equal(pairs[0, 1, ..., 3], 255 * masks[0, 4:14, 1:12])


def test_the_interval_of_a_share():
    """1.96 standard errors of 10,000 answers, half of them right; 4 right of 4: 1.96² / 8 / (1 + 1.96² / 4)."""
    assert _half_interval(5_000, 10_000) == pytest.approx(1.96 * 0.5 / 100, rel=1e-3)
    assert _half_interval(4, 4) == pytest.approx(0.4802 / 1.9604)


def test_a_single_picture_is_refused():
    with pytest.raises(InputError, match="leave out --c2st"):
        c2st(leaves()[:1], leaves()[:1], MASKS[:1])
