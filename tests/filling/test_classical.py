"""The classical methods: by hand, and their published numbers on CIFAR-10."""

import numpy as np
import pytest

from inpainting.filling.classical import CLASSICAL
from inpainting.filling.fillers import ClassicalFiller
from inpainting.measuring.measure import measure
from pipelines import datasets
from pipelines.inpainting import evaluation_batches


def test_context_mean_by_hand():
    images = np.full((1, 4, 4, 3), 90, np.uint8)
    images[0, 0] = (10, 90, 130)
    masks = np.zeros((1, 4, 4), np.float32)
    masks[0, 3] = 1
    expected = np.rint((np.array([10, 90, 130]) + 180) / 3)
    assert (CLASSICAL["context mean"](images, masks)[0, 3] == expected).all()


@pytest.fixture
def masks():
    masks = np.zeros((1, 32, 32), np.float32)
    masks[:, 12:20, 12:20] = 1
    return masks


@pytest.mark.parametrize("name", CLASSICAL)
def test_a_single_colour_goes_on_through_the_hole(name, masks):
    image = np.full((1, 32, 32, 3), (10, 100, 250), np.uint8)
    hidden = np.where(masks[..., None] > 0, 0, image).astype(np.uint8)
    # OpenCV's Telea is up to 2 levels off where nothing is to be decided.
    np.testing.assert_allclose(CLASSICAL[name](hidden, masks).astype(int), image, atol=2 * (name == "Telea"))


def test_a_ramp_is_biharmonic(masks):
    ramp = np.tile(np.uint8(np.arange(32) * 8)[None, None, :, None], (1, 32, 1, 3))
    hidden = np.where(masks[..., None] > 0, 0, ramp).astype(np.uint8)
    np.testing.assert_allclose(CLASSICAL["biharmonic"](hidden, masks).astype(int), ramp, atol=1)


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "count", "expected", "tolerance"),
    [
        pytest.param("context mean", 10_000, 0.0614, 0.0001, marks=pytest.mark.slow),
        pytest.param("Telea", 10_000, 0.0220, 0.0001, marks=pytest.mark.slow),
        pytest.param("Navier–Stokes", 10_000, 0.0212, 0.0001, marks=pytest.mark.slow),
        ("biharmonic", 1_000, 0.0175, 0.0008),  # the first thousand: it takes milliseconds an image
    ],
)
def test_hole_mse_on_cifar10(cifar10, name, count, expected, tolerance):
    images = datasets.load("cifar10", "test", data_dir=cifar10, limit=count)
    batches = evaluation_batches(images, mask="center", hole=8, fill="zeros")
    row, errors = measure(ClassicalFiller(name, CLASSICAL[name]), batches)
    assert len(errors) == count and row["hole_mse"] == pytest.approx(expected, abs=tolerance)
