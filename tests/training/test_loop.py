"""Steps in one graph, and the events between them."""

import math

import numpy as np
import pytest
import tensorflow as tf

from inpainting.config.experiments import experiment
from inpainting.training import loop as loop_module
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


def all_steps(loop, steps):
    done = 0
    while done < steps:
        done += loop.advance(steps - done)
    return done


@pytest.mark.parametrize(("make", "count"), [(autoencoder, 1), (wgan, 3)])
def test_steps_in_one_graph_are_the_steps(make, count):
    """As many updates, and the weights, of the steps one by one."""
    together, alone = make(), make()
    assert all_steps(Loop(together, endless(count)), 7) == 7
    for data in endless(count).take(7):
        alone.train_step(data)
    assert together.step.numpy() == together.generator_optimizer.updates.numpy() == 7
    for one, other in zip(weights(together.generator), weights(alone.generator), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)


def test_the_bits_do_not_depend_on_the_calls(monkeypatch):
    """The same step is run whether a call runs one of them or many."""
    results = []
    for seconds in (0.0, 1e9):
        monkeypatch.setattr(loop_module, "SECONDS", seconds)
        trainer = autoencoder(rate=0.1)
        all_steps(Loop(trainer, endless(1)), 9)
        results.append(weights(trainer.generator))
    for one, other in zip(*results, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_call_takes_the_steps_of_a_second(monkeypatch):
    """The first one takes 8 s for 1 step, then 1/4 s for 1: the third takes 4 of the 7 that are left."""
    clock = iter([0.0, 8.0, 8.0, 8.25, 9.0, 9.5])
    monkeypatch.setattr(loop_module.time, "perf_counter", lambda: next(clock))
    trainer = autoencoder()
    loop = Loop(trainer, endless(1))
    assert [loop.advance(9), loop.advance(8), loop.advance(7)] == [1, 1, 4]
    assert loop.steps == 8 and trainer.step.numpy() == 6


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
    all_steps(Loop(trainer, tf.data.Dataset.counter().map(spoilt)), 6)
    with pytest.raises(FloatingPointError, match="loss is not finite at step 104"):
        monitor(106)
