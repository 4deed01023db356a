"""What training against a critic and against a discriminator share."""

import math

import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from inpainting.config.experiments import EXPERIMENTS, experiment
from inpainting.config.methods import Phase
from inpainting.training.adversarial import RATE
from inpainting.training.trainer import average_decay
from inpainting.training.wgan import WGANTrainer
from models.batch_normalization import BatchNormalization
from tests.dummies import SIZE, batches, changed, one_batch, tiny_critic, weights
from tests.training.tiny import dcgan, tracked, wgan

L2_ALONE, HEAD_START, BOTH = Phase("generator", 0, 1), Phase("adversary", 1, 2, 2), Phase("both", 2, 9, 2)


def test_every_update_of_the_adversary_sees_its_own_batch_and_the_generator_the_last():
    trainer, seen = wgan(), []
    trainer.adversary_step = lambda batch, index: seen.append(("adversary", batch["image"]))
    trainer.generator_step = lambda batch: seen.append(("generator", batch["image"]))
    data = batches(4)
    trainer.train_step(data)
    assert [name for name, _ in seen] == ["adversary"] * 3 + ["generator"]
    np.testing.assert_array_equal(np.stack([images for _, images in seen]), data["image"])


@pytest.mark.parametrize("make", [dcgan, wgan])
def test_the_phases(make):
    """L2 alone leaves the adversary alone, its head start the generator, and then both are trained."""
    trainer = make(warmup_steps=1)
    adversary, generator = weights(trainer.adversary), weights(trainer.generator)
    trainer.begin_phase(L2_ALONE)
    logs = trainer.train_step(batches(1))
    assert not changed(adversary, trainer.adversary) and changed(generator, trainer.generator)
    assert logs["loss"] == logs["reconstruction_loss"] > 0 and "adversarial_loss" not in logs

    trainer.begin_phase(HEAD_START)
    generator = weights(trainer.generator)
    logs = trainer.train_step(batches(2))
    assert changed(adversary, trainer.adversary) and not changed(generator, trainer.generator)
    updates = 4 if make is dcgan else 2  # a discriminator's on real images and on completions
    assert trainer.adversary_optimizer.updates.numpy() == updates
    assert set(logs) == set(trainer.ADVERSARY_TRACKED)

    trainer.begin_phase(BOTH)
    trainer.means.reset()
    adversary = weights(trainer.adversary)
    logs = trainer.train_step(batches(2))
    assert changed(adversary, trainer.adversary) and changed(generator, trainer.generator)
    values = tracked(trainer)
    mixed = 0.9 * values["reconstruction_loss"] + 0.1 * values["adversarial_loss"]
    assert values["loss"] == pytest.approx(mixed, rel=1e-5) and values["alpha"] == pytest.approx(0.9)
    assert trainer.step.numpy() == 3 and set(logs) == set(trainer.TRACKED)
    optimizers = (trainer.generator_optimizer, trainer.finetuning_optimizer)
    assert [optimizer.updates.numpy() for optimizer in optimizers] == [1, 1]


def test_what_follows_the_l2_starts_from_its_average():
    trainer = wgan(warmup_steps=1)
    average = [weight + 1 for weight in weights(trainer.ema_generator)]
    for variable, value in zip(trainer.ema_generator.trainable_variables, average, strict=True):
        variable.assign(value)
    trainer.step.assign(1)
    trainer.begin_phase(HEAD_START)
    for one, other in zip(weights(trainer.generator), average, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_resumed_phase_goes_on_with_the_generator_s_own_weights():
    trainer = wgan(warmup_steps=1)
    trainer.train_step(batches(2))
    trainer.step.assign(5)
    generator = weights(trainer.generator)
    trainer.begin_phase(BOTH)
    assert not changed(generator, trainer.generator)


@pytest.mark.parametrize("name", [name for name in EXPERIMENTS if name.endswith(("_dcgan", "_wgan"))])
def test_the_published_average_is_of_the_adversarial_phase(name):
    """1 − Π decay: what the phase's first weights do not weigh any more at its end."""
    config = experiment(name)
    steps = config.phases[-1].end - config.phases[-1].start
    decays = average_decay(np.arange(steps, dtype=np.float32), config.training.ema_decay).numpy()
    assert 1 - np.prod(decays, dtype=np.float64) >= 0.9
    assert float(average_decay(tf.constant(0.0), 0.999)) == pytest.approx(0.1)


def test_the_average_starts_anew_with_the_phase():
    """In its first step decay is 1 / 10, as in a run's first: (average + 9 · weight) / 10."""
    trainer = wgan(warmup_steps=1)
    trainer.step.assign(2)
    trainer.begin_phase(BOTH)
    before = weights(trainer.ema_generator)
    trainer.train_step(batches(2))
    for average, old, new in zip(
        weights(trainer.ema_generator), before, weights(trainer.generator), strict=True
    ):
        np.testing.assert_allclose(average, (old + 9 * new) / 10, rtol=1e-5, atol=1e-6)


def normalised_generator():
    context, mask = keras.Input((SIZE, SIZE, 3)), keras.Input((SIZE, SIZE, 1))
    joined = keras.layers.Concatenate()([context, mask])
    normalised = BatchNormalization()(keras.layers.Conv2D(3, 3, padding="same")(joined))
    return keras.Model([context, mask], normalised)


@pytest.mark.parametrize(("warmup_steps", "moves"), [(0, True), (1, False)])
def test_batch_statistics(warmup_steps, moves):
    """The adversary's updates leave them alone, and so does the generator's once it is finetuned."""
    networks = {"generator": normalised_generator(), "ema_generator": normalised_generator()}
    trainer = wgan(warmup_steps=warmup_steps, **networks)
    trainer.begin_phase(BOTH)

    def statistics():
        return [variable.numpy() for variable in trainer.generator.non_trainable_variables]

    before = statistics()
    trainer.adversary_step(one_batch(), 0)
    np.testing.assert_array_equal(before, statistics())
    trainer.generator_step(one_batch())
    assert any((old != new).any() for old, new in zip(before, statistics(), strict=True)) == moves


@pytest.mark.parametrize(("seen", "rows"), [(SIZE, slice(0, 8)), (4, slice(2, 6)), (2, slice(3, 5))])
def test_what_the_adversary_is_shown(seen, rows):
    trainer = wgan(seen=seen)
    images = tf.reshape(tf.range(SIZE * SIZE * 3, dtype=tf.float32), [1, SIZE, SIZE, 3])
    np.testing.assert_array_equal(trainer.shown(images), images.numpy()[:, rows, rows])


def test_real_images_and_both_completions_are_shown_to_it():
    """Where everything is shown as zeros, real and completed images score alike: the convolution's bias."""
    trainer, given = wgan(), []
    trainer.shown = lambda images: given.append(images) or tf.zeros_like(images)
    trainer.train_step(batches(2))
    assert [maps.shape[-1] for maps in given] == [3, 3, 1, 3, 1]  # and the masks of both updates
    values = tracked(trainer)
    bias = float(weights(trainer.adversary)[-1][0])
    assert values["wasserstein_estimate"] == 0
    assert values["adversarial_loss"] == pytest.approx(-bias, abs=1e-7)


def test_the_head_start_measures_the_l2_error_and_the_budget_is_held():
    """log(α / (1 − α)) moves by RATE · (error / (budget · L2 error) − 1) a step."""
    trainer = wgan(warmup_steps=1, budget=1.25, generator_rate=0.0)
    trainer.step.assign(1)
    trainer.begin_phase(HEAD_START)
    data = batches(2)
    trainer.train_step(data)
    completed = tf.stack([trainer.complete({key: value[k] for key, value in data.items()}) for k in (0, 1)])
    clipped = np.clip(completed, -1, 1)[:, :, 3:5, 3:5]
    error = ((clipped - data["image"].numpy()[:, :, 3:5, 3:5]) ** 2).mean() / 4  # pixels in [0, 1]
    assert float(trainer.training_l2_error) == pytest.approx(error, rel=1e-5)

    trainer.begin_phase(BOTH)
    odds = float(trainer.log_odds)
    assert odds == pytest.approx(math.log(9))
    trainer.train_step(data)
    last = ((clipped[1] - data["image"].numpy()[1, :, 3:5, 3:5]) ** 2).mean() / 4
    assert float(trainer.log_odds) - odds == pytest.approx(RATE * (last / (1.25 * error) - 1), rel=1e-3)


def test_without_a_measured_error_alpha_stays():
    trainer = wgan(budget=1.25)
    trainer.train_step(batches(2))
    assert float(trainer.alpha) == pytest.approx(0.9)


def test_shared_variables_are_refused():
    shared = tiny_critic()
    image, mask = keras.Input((SIZE, SIZE, 3)), keras.Input((SIZE, SIZE, 1))
    scored = keras.layers.Reshape((1, 1, 1))(shared(image))
    generator = keras.Model([image, mask], image + scored)
    settings = {"alpha": 1.0, "seen": SIZE, "overlap": 0, "overlap_weight": 1.0, "lipschitz": None}
    with pytest.raises(ValueError, match="disjoint"):
        WGANTrainer(generator=generator, ema_generator=generator, adversary=shared, **settings)
