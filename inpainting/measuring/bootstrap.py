"""95 % intervals of means over images, by the bootstrap (Efron 1979)."""

import numpy as np

RESAMPLES = 1_000


def half_interval(values, *, seed=0):
    """Half of the 95 % interval of the mean of float [N]."""
    return _halves(_resampled_means(np.asarray(values, np.float64)[None], np.random.default_rng(seed)))[0]


def intervals(errors, *, seed=0):
    """Half of the 95 % interval of each filler's mean error, and of how far it is behind the least.

    errors: name -> float [N], of the same N images. All fillers are resampled with the same images (paired), so
    that how hard the images are does not count in a difference. Returns name -> {"hole_mse_interval",
    "behind_best", "behind_best_interval"}, the last two of all but the best.
    """
    values = np.stack([np.asarray(error, np.float64) for error in errors.values()])
    best = int(np.argmin(values.mean(axis=1)))
    means = _resampled_means(values, np.random.default_rng(seed))
    found = {name: {"hole_mse_interval": half} for name, half in zip(errors, _halves(means), strict=True)}
    behind, halves = values.mean(axis=1) - values[best].mean(), _halves(means - means[best])
    for index, name in enumerate(errors):
        if index != best:
            found[name] |= {"behind_best": float(behind[index]), "behind_best_interval": halves[index]}
    return found


def _resampled_means(values, random):
    """Means of the rows of [F, N] over RESAMPLES draws of N columns, the same for all rows: [F, RESAMPLES]."""
    count = values.shape[1]
    draws = (random.integers(count, size=count) for _ in range(RESAMPLES))
    return np.stack([values[:, drawn].mean(axis=1) for drawn in draws], axis=1)


def _halves(means):
    """Half of the distance from the 2.5th to the 97.5th percentile of each row, floats."""
    low, high = np.percentile(means, (2.5, 97.5), axis=1)
    return [float(half) for half in (high - low) / 2]
