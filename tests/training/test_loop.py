"""Steps in a graph, and the events between them."""

import math

import numpy as np
import pytest
import tensorflow as tf

from inpainting.config.experiments import experiment
from inpainting.training.callbacks import Monitor, next_event
from inpainting.training.loop import Loop
from tests.dummies import batches, weights
from tests.training.tiny import autoencoder, wgan


def endless(count):
    """A step's data, another in every step."""
    data = batches(count)
    return tf.data.Dataset.counter().map(
        lambda step: {**data, "image": data["image"] / tf.cast(1 + step, tf.float32)}
    )


def run(loop, steps):
    for _ in range(steps):
        loop.step()


@pytest.mark.parametrize(("make", "count"), [(autoencoder, 1), (wgan, 3)])
def test_steps_in_a_graph_are_the_steps(make, count):
    """As many updates, and the weights, of the steps one by one."""
    looped, alone = make(), make()
    run(Loop(looped, endless(count)), 7)
    for data in endless(count).take(7):
        alone.train_step(data)
    assert looped.step.numpy() == looped.generator_optimizer.updates.numpy() == 7
    for one, other in zip(weights(looped.generator), weights(alone.generator), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)


def test_what_is_due_next():
    training = experiment("vgg_l2").training.model_copy(
        update={"log_every": 5, "validate_every": 12, "checkpoint_every": 7, "steps": 16}
    )
    events, step = [], 0
    while step < training.steps:
        events.append(step := next_event(training, step))
    assert events == [5, 7, 10, 12, 14, 15, 16]


def test_the_step_of_a_value_that_is_not_finite_is_named(small_config):
    """It is looked for at the next event alone; the images of steps 4 and on are not finite."""
    trainer = autoencoder()
    data = batches(1)

    def spoilt(step):
        return {**data, "image": data["image"] * tf.where(step < 3, 1.0, math.inf)}

    monitor = Monitor(trainer=trainer, config=small_config("vgg_l2"), journal=None)
    monitor.begin(100)
    run(Loop(trainer, tf.data.Dataset.counter().map(spoilt)), 6)
    with pytest.raises(FloatingPointError, match="loss is not finite at step 104"):
        monitor(106)
