"""The DCGAN's step around one-layer networks: order, labels, directions."""

import numpy as np
import pytest
import tensorflow as tf

from inpainting.masks import composite
from tests.dummies import batches, changed, one_batch, weights
from tests.training.tiny import dcgan, tracked


@pytest.mark.parametrize(("pure_batches", "updates"), [(True, 2), (False, 1)])
def test_updates_of_one_step(pure_batches, updates):
    trainer = dcgan(pure_batches=pure_batches)
    tf.function(trainer.train_step)(batches(2))
    assert trainer.adversary_optimizer.updates.numpy() == updates
    assert trainer.generator_optimizer.updates.numpy() == 1
    assert trainer.step.numpy() == 1


def test_the_real_batch_comes_first_and_neither_is_mixed():
    trainer, seen = dcgan(label_flips=0.0), []
    trainer._update = lambda images, masks, labels: seen.append((images, labels)) or tf.zeros([4])
    batch = one_batch()
    trainer.adversary_step(batch, 0)
    (first, real_labels), (second, fake_labels) = seen
    np.testing.assert_array_equal(first, batch["image"])
    np.testing.assert_allclose(second, trainer.complete(batch), atol=1e-6)
    assert real_labels.numpy().min() >= 0.9 and fake_labels.numpy().max() <= 0.2
    assert len(set(real_labels.numpy())) == 4  # each image has its own


def test_the_discriminator_is_updated_before_the_generator():
    trainer, order = dcgan(), []
    trainer.adversary_step = lambda batch, index: order.append("discriminator")
    trainer.generator_step = lambda batch: order.append("generator")
    tf.function(trainer.train_step)(batches(2))
    assert order == ["discriminator", "generator"]


def test_one_mixed_batch_where_asked_for():
    trainer, seen = dcgan(pure_batches=False, soft_labels=False, label_flips=0.0), []
    trainer._update = lambda *given: seen.append(given) or tf.zeros([8])
    trainer.adversary_step(one_batch(), 0)
    ((images, masks, labels),) = seen
    assert images.shape[0] == masks.shape[0] == 8
    np.testing.assert_array_equal(labels, [1] * 4 + [0] * 4)


def test_a_discriminator_step_changes_the_discriminator_alone():
    trainer = dcgan()
    generator, discriminator = weights(trainer.generator), weights(trainer.adversary)
    trainer.adversary_step(one_batch(), 0)
    assert changed(discriminator, trainer.adversary) and not changed(generator, trainer.generator)


def test_a_generator_step_changes_the_generator_alone():
    trainer = dcgan()
    generator, discriminator = weights(trainer.generator), weights(trainer.adversary)
    trainer.generator_step(one_batch())
    assert changed(generator, trainer.generator) and not changed(discriminator, trainer.adversary)


@pytest.mark.parametrize("pure_batches", [True, False])
def test_the_discriminator_learns_which_are_real(pure_batches):
    trainer = dcgan(discriminator_rate=0.5, label_flips=0.0, pure_batches=pure_batches)
    batch = one_batch()

    def gap():
        logits = [trainer.adversary(images) for images in (batch["image"], trainer.complete(batch))]
        return float(tf.reduce_mean(logits[0]) - tf.reduce_mean(logits[1]))

    before = gap()
    for index in range(10):
        trainer.adversary_step(batch, index)
    assert gap() > before


@pytest.mark.parametrize("maximise_log_d", [True, False])
def test_the_generator_learns_to_look_real(maximise_log_d):
    trainer = dcgan(alpha=0.0, generator_rate=1.0, maximise_log_d=maximise_log_d)
    batch = one_batch()

    def logit():
        return float(tf.reduce_mean(trainer.adversary(trainer.complete(batch))))

    before = logit()
    for _ in range(3):
        trainer.generator_step(batch)
    assert logit() > before


def test_the_reported_loss_is_the_optimised_loss():
    trainer = dcgan(alpha=0.7, generator_rate=1.0)
    batch = one_batch()
    variables = trainer.generator.trainable_variables
    with tf.GradientTape() as tape:
        prediction = trainer.generator([batch["context"], batch["mask"]])
        l2 = tf.reduce_sum(batch["mask"] * (prediction - batch["image"]) ** 2) / (4 * 4 * 3)  # a hole of 2×2
        logits = trainer.adversary(composite(batch["mask"], prediction, batch["image"]))
        loss = 0.7 * l2 - 0.3 * tf.reduce_mean(tf.math.log(tf.sigmoid(logits)))
    gradients = [gradient.numpy() for gradient in tape.gradient(loss, variables)]
    before = weights(trainer.generator)
    trainer.generator_step(batch)
    assert tracked(trainer)["loss"] == pytest.approx(float(loss), rel=1e-5)
    for old, new, gradient in zip(before, weights(trainer.generator), gradients, strict=True):
        np.testing.assert_allclose(new - old, -gradient, atol=1e-4)


def test_the_discriminator_s_reported_loss_is_the_optimised_loss():
    trainer = dcgan(discriminator_rate=1.0, pure_batches=False, soft_labels=False, label_flips=0.0)
    batch, discriminator = one_batch(), trainer.adversary
    with tf.GradientTape() as tape:
        real, fake = (tf.sigmoid(discriminator(images)) for images in (batch["image"], trainer.complete(batch)))
        loss = -tf.reduce_mean(tf.math.log(tf.concat([real, 1 - fake], 0)))
    gradients = [gradient.numpy() for gradient in tape.gradient(loss, discriminator.trainable_variables)]
    before = weights(discriminator)
    trainer.adversary_step(batch, 0)
    for old, new, gradient in zip(before, weights(discriminator), gradients, strict=True):
        np.testing.assert_allclose(new - old, -gradient, atol=1e-5)
    norm = np.sqrt(sum((gradient**2).sum() for gradient in gradients))
    values = tracked(trainer)
    assert values["discriminator_loss"] == pytest.approx(float(loss), rel=1e-5)
    assert values["discriminator_gradient_norm"] == pytest.approx(norm, rel=1e-4)


def test_logged_probabilities_and_accuracy():
    trainer, logits = dcgan(), iter([[2.0, 1.0, 0.5, -1.0], [-3.0, -1.0, 0.5, 2.0]])
    trainer._update = lambda images, masks, labels: tf.constant(next(logits))
    trainer.adversary_step(one_batch(), 0)
    values = tracked(trainer)
    # Right on 3 of the real images and 2 of the completions.
    assert values["discriminator_accuracy"] == pytest.approx(5 / 8)
    sigmoid = lambda x: 1 / (1 + np.exp(-np.array(x)))  # noqa: E731
    assert values["probability_real"] == pytest.approx(sigmoid([2, 1, 0.5, -1]).mean(), rel=1e-5)
    assert values["probability_fake"] == pytest.approx(sigmoid([-3, -1, 0.5, 2]).mean(), rel=1e-5)


def test_labels_differ_between_classes_updates_and_steps():
    trainer = dcgan(label_flips=0.5)
    images = tf.zeros([64, 1, 1, 3])
    draws = [trainer._labels(images, 0, real=True), trainer._labels(images, 1, real=True)]
    trainer.step.assign(1)
    draws.append(trainer._labels(images, 0, real=True))
    assert all((draws[i].numpy() != draws[j].numpy()).any() for i, j in ((0, 1), (0, 2), (1, 2)))
    flips = [trainer._labels(images, 0, real=real).numpy() > 0.5 for real in (True, False)]
    assert (flips[0] != ~flips[1]).any()
