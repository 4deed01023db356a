"""The WGAN's step around one-layer networks: how often, in which direction, within which bound."""

import numpy as np
import pytest
import tensorflow as tf

from inpainting.config.methods import Clip, GradientPenalty
from inpainting.losses.texture import texture_loss
from inpainting.masks import composite
from tests.dummies import SIZE, batches, changed, one_batch, weights
from tests.training.tiny import tracked, wgan


@pytest.mark.parametrize("critic_steps", [1, 2, 3])
def test_updates_of_one_step(critic_steps):
    trainer = wgan()
    tf.function(trainer.train_step)(batches(critic_steps + 1))
    assert trainer.adversary_optimizer.updates.numpy() == critic_steps
    assert trainer.generator_optimizer.updates.numpy() == 1
    assert trainer.step.numpy() == 1


def test_a_critic_step_changes_the_critic_alone():
    trainer = wgan(lipschitz=Clip(bound=10))
    generator, critic = weights(trainer.generator), weights(trainer.adversary)
    average = weights(trainer.ema_generator)
    trainer.adversary_step(one_batch(), 0)
    assert changed(critic, trainer.adversary)
    assert not changed(generator, trainer.generator) and not changed(average, trainer.ema_generator)


def test_a_generator_step_changes_the_generator_alone():
    trainer = wgan()
    generator, critic = weights(trainer.generator), weights(trainer.adversary)
    trainer.generator_step(one_batch())
    assert changed(generator, trainer.generator) and not changed(critic, trainer.adversary)


def test_the_critic_learns_to_score_real_images_higher():
    trainer = wgan(critic_rate=0.05, lipschitz=Clip(bound=10))
    batch = one_batch()

    def gap():
        real, fake = trainer.adversary(batch["image"]), trainer.adversary(trainer.complete(batch))
        return float(tf.reduce_mean(real) - tf.reduce_mean(fake))

    before = gap()
    for index in range(5):
        trainer.adversary_step(batch, index)
    assert gap() > before


def test_the_generator_learns_to_be_scored_higher():
    trainer = wgan(alpha=0.0, generator_rate=1.0)
    batch = one_batch()

    def score():
        return float(tf.reduce_mean(trainer.adversary(trainer.complete(batch))))

    before = score()
    for _ in range(3):
        trainer.generator_step(batch)
    assert score() > before


def test_clipping_bounds_every_critic_variable_right_after_the_update():
    trainer = wgan(critic_rate=100.0, lipschitz=Clip(bound=0.01))
    trainer.adversary_step(one_batch(), 0)
    largest = max(np.abs(weight).max() for weight in weights(trainer.adversary))
    assert largest == np.float32(0.01)


@pytest.mark.parametrize("lipschitz", [Clip(bound=100), GradientPenalty(weight=7)])
def test_the_critic_s_reported_loss_is_the_optimised_loss(lipschitz):
    """The one-layer critic is linear: the norm of its gradient is the same between any real and fake image.

    By the 2×2 hole alone; the critic is scaled so that it is above 1.
    """
    trainer = wgan(critic_rate=1.0, lipschitz=lipschitz)
    critic, batch = trainer.adversary, one_batch()
    critic.trainable_variables[0].assign(100 * critic.trainable_variables[0])
    real, fake = batch["image"], trainer.complete(batch)
    with tf.GradientTape() as tape:
        estimate = tf.reduce_mean(critic(real)) - tf.reduce_mean(critic(fake))
        with tf.GradientTape() as inner:
            inner.watch(real)
            scores = critic(real)
        norms = tf.norm(tf.reshape(inner.gradient(scores, real)[:, 3:5, 3:5], [4, -1]), axis=1)
        assert float(tf.reduce_min(norms)) > 1
        weight = 7 if isinstance(lipschitz, GradientPenalty) else 0
        loss = -estimate + weight * tf.reduce_mean((norms - 1) ** 2)
    gradients = [gradient.numpy() for gradient in tape.gradient(loss, critic.trainable_variables)]
    before = weights(critic)
    trainer.adversary_step(batch, 0)
    for old, new, gradient in zip(before, weights(critic), gradients, strict=True):
        np.testing.assert_allclose(new - old, -gradient, rtol=1e-4, atol=1e-3)
    norm = np.sqrt(sum((gradient**2).sum() for gradient in gradients))
    values = tracked(trainer)
    assert values["wasserstein_estimate"] == pytest.approx(float(estimate), rel=1e-4)
    assert values["critic_loss"] == pytest.approx(float(loss), rel=1e-4)
    assert values["critic_gradient_norm"] == pytest.approx(norm, rel=1e-4)


def test_gradient_penalty_takes_the_place_of_clipping():
    trainer = wgan(lipschitz=GradientPenalty(), critic_rate=1.0)
    before = weights(trainer.adversary)
    trainer.adversary_step(one_batch(), 0)
    assert changed(before, trainer.adversary)
    assert max(np.abs(weight).max() for weight in weights(trainer.adversary)) > 0.01


def test_mixing_is_uniform_and_a_function_of_seed_step_and_index():
    trainer = wgan(seed=3)

    def draw(trainer, index):
        return trainer._mixing(10_000, index).numpy().ravel()

    drawn = draw(trainer, 0)
    assert 0 <= drawn.min() < 0.01 and 0.99 < drawn.max() <= 1
    assert drawn.mean() == pytest.approx(0.5, abs=0.02)
    assert drawn.std() == pytest.approx(12**-0.5, abs=0.01)
    np.testing.assert_array_equal(drawn, draw(trainer, 0))
    assert (drawn != draw(trainer, 1)).any() and (drawn != draw(wgan(seed=4), 0)).any()
    trainer.step.assign(1)
    assert (drawn != draw(trainer, 0)).any()


@pytest.mark.parametrize("texture_weight", [0.0, 3.0])
def test_the_reported_loss_is_the_optimised_loss(texture_weight):
    """With gradient descent at rate 1 the weights move by minus the gradient of what is reported."""
    trainer = wgan(alpha=0.7, generator_rate=1.0, texture_weight=texture_weight)
    assert float(trainer.alpha) == pytest.approx(0.7)
    batch = one_batch()
    variables = trainer.generator.trainable_variables
    with tf.GradientTape() as tape:
        prediction = trainer.generator([batch["context"], batch["mask"]])
        weight = np.zeros((1, SIZE, SIZE, 1), np.float32)  # hole 2, ring 2: 6×6 patch, 32 ring pixels
        weight[:, 1:7, 1:7] = 20
        weight[:, 3:5, 3:5] = 1
        l2 = tf.reduce_sum(weight * (prediction - batch["image"]) ** 2) / (4 * 4 * 3)
        completed = composite(batch["mask"], prediction, batch["image"])
        texture = texture_loss(completed=completed, target=batch["image"], mask=batch["mask"])
        score = tf.reduce_mean(trainer.adversary(completed))
        loss = 0.7 * (l2 + texture_weight * tf.reduce_mean(texture)) - 0.3 * score
    gradients = [gradient.numpy() for gradient in tape.gradient(loss, variables)]
    before = weights(trainer.generator)
    trainer.generator_step(batch)
    for old, new, gradient in zip(before, weights(trainer.generator), gradients, strict=True):
        np.testing.assert_allclose(new - old, -gradient, atol=1e-4)
    norm = np.sqrt(sum((gradient**2).sum() for gradient in gradients))
    values = tracked(trainer)
    assert values["loss"] == pytest.approx(float(loss), rel=1e-5)
    assert values["reconstruction_loss"] == pytest.approx(float(l2), rel=1e-5)
    assert values["adversarial_loss"] == pytest.approx(-float(score), rel=1e-4)
    assert values["generator_gradient_norm"] == pytest.approx(norm, rel=1e-4)
