"""Intervals that are known beforehand."""

import numpy as np
import pytest

from inpainting.measuring.bootstrap import half_interval, intervals

RANDOM = np.random.default_rng(0)


def test_the_interval_of_a_mean():
    """Of N values of standard deviation s: ± 1.96 s / √N; of equal ones, none."""
    errors = RANDOM.permutation(np.repeat([0.0, 2.0], 200))  # s = 1, N = 400
    found = intervals({"a": errors, "b": np.full(400, 3.0)})
    assert found["a"].keys() == {"hole_mse_interval"}  # the best
    assert found["a"]["hole_mse_interval"] == pytest.approx(1.96 / 20, rel=0.1)
    assert half_interval(errors) == found["a"]["hole_mse_interval"]
    assert found["b"]["hole_mse_interval"] == 0
    assert found["b"]["behind_best"] == 2 and found["b"]["behind_best_interval"] == pytest.approx(
        0.098, rel=0.1
    )


def test_differences_are_paired():
    """How hard an image is does not count: always 0.5 worse is 0.5 worse for certain, in any order of rows."""
    hard = RANDOM.uniform(0, 100, 300)
    found = intervals({"worse": hard + 0.5, "best": hard, "noisy": hard + RANDOM.normal(1, 1, 300)})
    assert found["worse"]["hole_mse_interval"] == pytest.approx(1.96 * hard.std() / np.sqrt(300), rel=0.1)
    assert found["worse"]["behind_best"] == pytest.approx(0.5)
    assert found["worse"]["behind_best_interval"] == pytest.approx(0, abs=1e-9)
    assert found["noisy"]["behind_best_interval"] == pytest.approx(1.96 / np.sqrt(300), rel=0.15)


def test_the_same_errors_give_the_same_interval():
    errors = {"a": RANDOM.uniform(size=50), "b": RANDOM.uniform(size=50)}
    assert intervals(errors) == intervals(errors)
