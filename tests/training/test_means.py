"""The means of what steps report, in their graph."""

import math

import tensorflow as tf

from inpainting.training.means import Means


def read(means, *names):
    return {name: float(value) for name, value in means.of(names, means.total()).items()}


def test_the_mean_counts_images_and_updates():
    """An error of each of 2 and of 3 images: (1 + 3 + 2 + 2 + 7) / 5; a loss twice in the first step."""
    means = Means(["error", "loss", "never"])
    for errors, losses in (([1.0, 3.0], [1.0, 2.0]), ([2.0, 2.0, 7.0], [6.0])):
        for loss in losses:
            means.update({"loss": tf.constant(loss)})
        means.update({"error": tf.constant(errors)})
        means.end_step()
    assert read(means, "loss", "error") == {"loss": 3.0, "error": 3.0}
    assert means.finite_steps(means.total()) == 2
    means.reset()
    means.update({"loss": tf.constant(5.0)})
    assert read(means, "loss") == {"loss": 5.0} and means.finite_steps(means.total()) == 0


def test_the_first_step_that_is_not_finite_is_known():
    means = Means(["loss", "norm"])
    for loss, norm in ((1.0, 1.0), (2.0, 1.0), (math.nan, 1.0), (1.0, math.inf)):
        means.update({"loss": tf.constant(loss), "norm": tf.constant(norm)})
        means.end_step()
    assert means.finite_steps(means.total()) == 2
    assert math.isnan(read(means, "loss")["loss"]) and math.isinf(read(means, "norm")["norm"])
