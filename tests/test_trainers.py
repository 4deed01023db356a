"""Trainers around one-layer networks: what is updated, how often, in which direction."""

import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from inpainting.masks import composite
from inpainting.trainers import FLOOR, learning_rate_schedule
from inpainting.trainers.autoencoder import AutoencoderTrainer
from inpainting.trainers.wgan import WGANTrainer
from tests.dummies import (
    SIZE,
    CountingSGD,
    batches,
    build_small,
    changed,
    fake_batches,
    one_batch,
    tiny_critic,
    tiny_generator,
    weights,
)


def wgan(critic_rate=1e-3, generator_rate=1e-3, **settings):
    keras.utils.set_random_seed(1)
    chosen = {"alpha": 0.9, "overlap": 2, "overlap_weight": 20.0, **settings}
    trainer = WGANTrainer(
        generator=tiny_generator(), ema_generator=tiny_generator(), adversary=tiny_critic(), **chosen
    )
    optimizers = {
        "generator_optimizer": CountingSGD(generator_rate),
        "adversary_optimizer": CountingSGD(critic_rate),
    }
    trainer.compile(**optimizers)
    return trainer


@pytest.mark.parametrize("critic_steps", [1, 2, 3])
def test_updates_of_one_step(critic_steps):
    trainer = wgan()
    tf.function(trainer.train_step)(batches(critic_steps + 1))
    assert trainer.adversary_optimizer.updates.numpy() == critic_steps
    assert trainer.generator_optimizer.updates.numpy() == 1
    assert trainer.step.numpy() == 1


def test_every_critic_update_sees_its_own_batch():
    trainer, seen = wgan(), []
    trainer.adversary_step = lambda batch, index: seen.append(batch["image"])
    data = batches(4)
    tf.config.run_functions_eagerly(True)
    try:
        trainer.train_step(data)
    finally:
        tf.config.run_functions_eagerly(False)
    np.testing.assert_array_equal(np.stack(seen), data["image"][:3])


def test_a_critic_step_changes_the_critic_alone():
    trainer = wgan(clip=10.0)
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
    trainer = wgan(critic_rate=0.05, clip=10.0)
    batch = one_batch()

    def gap():
        fake = trainer.complete(batch)
        return float(
            tf.reduce_mean(trainer.adversary(batch["image"])) - tf.reduce_mean(trainer.adversary(fake))
        )

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
    trainer = wgan(critic_rate=100.0, clip=0.01)
    trainer.adversary_step(one_batch(), 0)
    largest = max(np.abs(weight).max() for weight in weights(trainer.adversary))
    assert largest == np.float32(0.01)


def test_gradient_penalty_takes_the_place_of_clipping():
    trainer = wgan(lipschitz="gradient_penalty", penalty_weight=10.0, critic_rate=1e-3)
    before = weights(trainer.adversary)
    trainer.adversary_step(one_batch(), 0)
    assert changed(before, trainer.adversary)
    assert max(np.abs(weight).max() for weight in weights(trainer.adversary)) > 0.01
    values = {name: float(tracker.result()) for name, tracker in trainer.train_trackers.items()}
    assert values["critic_loss"] > -values["wasserstein_estimate"]  # the penalty is not negative


def test_mixing_is_uniform_and_a_function_of_seed_step_and_index():
    trainer = wgan(seed=3)
    weights_ = trainer._mixing(10_000, 0).numpy().ravel()
    assert 0 <= weights_.min() < 0.01 and 0.99 < weights_.max() <= 1
    assert weights_.mean() == pytest.approx(0.5, abs=0.02) and weights_.std() == pytest.approx(
        12**-0.5, abs=0.01
    )
    np.testing.assert_array_equal(weights_, trainer._mixing(10_000, 0).numpy().ravel())
    assert (weights_ != trainer._mixing(10_000, 1).numpy().ravel()).any()
    trainer.step.assign(1)
    assert (weights_ != trainer._mixing(10_000, 0).numpy().ravel()).any()


@pytest.mark.parametrize("loss_scale", [1.0, 1024.0])
def test_the_reported_loss_is_the_optimised_loss(loss_scale):
    """With gradient descent at rate 1 the weights move by minus the gradient of what is reported."""
    trainer = wgan(alpha=0.7, generator_rate=1.0, loss_scale=loss_scale)
    batch = one_batch()
    variables = trainer.generator.trainable_variables
    with tf.GradientTape() as tape:
        prediction = trainer.generator([batch["context"], batch["mask"]])
        weight = np.zeros((1, SIZE, SIZE, 1), np.float32)  # hole 2, ring 2: 6×6 patch, 32 ring pixels
        weight[:, 1:7, 1:7] = 20
        weight[:, 3:5, 3:5] = 1
        l2 = tf.reduce_sum(weight * (prediction - batch["image"]) ** 2) / (4 * 36 * 3)
        score = tf.reduce_mean(trainer.adversary(composite(batch["mask"], prediction, batch["image"])))
        loss = 0.7 * l2 - 0.3 * score
    gradients = [gradient.numpy() for gradient in tape.gradient(loss, variables)]
    before = weights(trainer.generator)
    trainer.generator_step(batch)
    assert float(trainer.train_trackers["loss"].result()) == pytest.approx(float(loss), rel=1e-5)
    for old, new, gradient in zip(before, weights(trainer.generator), gradients, strict=True):
        np.testing.assert_allclose(new - old, -gradient, atol=1e-4)
    norm = np.sqrt(sum((gradient**2).sum() for gradient in gradients))
    assert float(trainer.train_trackers["generator_gradient_norm"].result()) == pytest.approx(norm, rel=1e-4)


def test_warm_up_is_l2_alone_and_leaves_the_critic_alone():
    trainer = wgan(warmup_steps=1)
    trainer.begin_phase(0)
    critic = weights(trainer.adversary)
    trainer.train_step(batches(1))
    assert not changed(critic, trainer.adversary) and trainer.adversary_optimizer.updates.numpy() == 0
    values = {name: float(tracker.result()) for name, tracker in trainer.train_trackers.items()}
    assert values["loss"] == values["reconstruction_loss"] > 0
    trainer.begin_phase(1)
    trainer.train_step(batches(3))
    assert trainer.adversary_optimizer.updates.numpy() == 2


def test_wasserstein_estimate_is_real_minus_fake():
    trainer = wgan()
    batch = one_batch()
    fake = trainer.complete(batch)
    expected = tf.reduce_mean(trainer.adversary(batch["image"])) - tf.reduce_mean(trainer.adversary(fake))
    trainer.adversary_step(batch, 0)
    estimate = float(trainer.train_trackers["wasserstein_estimate"].result())
    assert estimate == pytest.approx(float(expected), rel=1e-4)


def test_shared_variables_are_refused():
    shared = tiny_critic()
    image, mask = keras.Input((SIZE, SIZE, 3)), keras.Input((SIZE, SIZE, 1))
    scored = keras.layers.Reshape((1, 1, 1))(shared(image))
    generator = keras.Model([image, mask], image + scored)
    with pytest.raises(ValueError, match="disjoint"):
        WGANTrainer(
            generator=generator,
            ema_generator=generator,
            adversary=shared,
            alpha=1.0,
            overlap=0,
            overlap_weight=1.0,
        )


def test_the_average_follows_by_its_decay():
    keras.utils.set_random_seed(2)
    trainer = AutoencoderTrainer(
        generator=tiny_generator(),
        ema_generator=tiny_generator(),
        overlap=0,
        overlap_weight=1.0,
        ema_decay=0.999,
    )
    trainer.compile(generator_optimizer=CountingSGD(0.5))
    for average, weight in zip(weights(trainer.ema_generator), weights(trainer.generator), strict=True):
        np.testing.assert_array_equal(average, weight)
    start = weights(trainer.generator)
    trainer.train_step(batches(1))  # the first decay is (1 + 0) / (10 + 0) = 0.1
    for old, new, average in zip(
        start, weights(trainer.generator), weights(trainer.ema_generator), strict=True
    ):
        np.testing.assert_allclose(average, 0.1 * old + 0.9 * new, atol=1e-6)
    trainer.step.assign(1_000_000)  # and 0.999 in the long run
    before = weights(trainer.ema_generator)
    trainer.train_step(batches(1))
    for old, new, average in zip(
        before, weights(trainer.generator), weights(trainer.ema_generator), strict=True
    ):
        np.testing.assert_allclose(average, 0.999 * old + 0.001 * new, atol=1e-6)


def test_learning_rate_warms_up_and_decays_along_a_cosine(small_config):
    schedule = learning_rate_schedule(small_config(steps=1000, learning_rate=0.5, learning_rate_warmup=100))
    assert [round(float(schedule(step)), 4) for step in (0, 50, 100)] == [0, 0.25, 0.5]
    middle = 0.5 * (FLOOR + (1 - FLOOR) * 0.5)
    assert float(schedule(550)) == pytest.approx(middle, rel=1e-3)
    assert float(schedule(1000)) == pytest.approx(0.5 * FLOOR, rel=1e-3)


@pytest.mark.parametrize("image_size", [64, 128])
def test_larger_images_train(small_config, image_size):
    settings = {"warmup_steps": 0, "learning_rate_warmup": 0, "batch_size": 2, "critic_steps": 1}
    config = small_config(image_size=image_size, **settings)
    trainer = build_small(config)
    before = weights(trainer.generator)
    logs = trainer.train_step(fake_batches(config, 2))
    assert changed(before, trainer.generator)
    assert np.isfinite(float(logs["loss"])) and config.hole == image_size // 4


def test_l2_regularization_adds_half_the_squares_of_the_kernels():
    losses = {}
    for weight in (0.0, 0.1):
        keras.utils.set_random_seed(3)
        trainer = AutoencoderTrainer(
            generator=tiny_generator(),
            ema_generator=tiny_generator(),
            overlap=0,
            overlap_weight=1.0,
            l2_regularization=weight,
        )
        trainer.compile(generator_optimizer=CountingSGD(0.0))
        kernel, bias = trainer.generator.trainable_variables
        bias.assign(tf.ones_like(bias))  # a bias is not regularised
        trainer.train_step(batches(1))
        losses[weight] = float(trainer.train_trackers["loss"].result())
    expected = 0.1 * 0.5 * float((kernel.numpy() ** 2).sum())
    assert losses[0.1] - losses[0.0] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("sees", ["image", "hole"])
def test_what_the_critic_sees(sees):
    trainer = wgan(discriminator_sees=sees, hole=2)
    images = tf.reshape(tf.range(SIZE * SIZE * 3, dtype=tf.float32), [1, SIZE, SIZE, 3])
    seen = trainer.seen(images).numpy()
    expected = images.numpy() if sees == "image" else images.numpy()[:, 3:5, 3:5]
    np.testing.assert_array_equal(seen, expected)


def test_float16_scales_its_loss(small_config):
    config = small_config("vgg_l2", learning_rate_warmup=0, dropout=0)
    norms = {}
    for precision in ("float32", "mixed_float16"):
        keras.utils.set_random_seed(5)
        trainer = build_small(config, precision)
        before = weights(trainer.generator)
        norms[precision] = float(trainer.train_step(fake_batches(config, 1))["generator_gradient_norm"])
        assert changed(before, trainer.generator)
    assert trainer.loss_scale == 1024
    assert norms["mixed_float16"] == pytest.approx(norms["float32"], rel=0.1)


def test_xla_computes_the_same_step(small_config):
    """By `fit` and `evaluate`, as train.py calls them. Gradient descent: Adam's first step is a sign."""
    config = small_config(warmup_steps=0, batch_size=2)
    data = fake_batches(config, 3)
    results = []
    for jit in (False, True):
        keras.utils.set_random_seed(4)
        trainer = build_small(config)
        trainer.compile(
            generator_optimizer=CountingSGD(0.01), adversary_optimizer=CountingSGD(0.01), jit_compile=jit
        )
        trainer.fit(tf.data.Dataset.from_tensors(data).repeat(), steps_per_epoch=1, shuffle=False, verbose=0)
        assert trainer.generator_optimizer.updates.numpy() == 1
        one = tf.data.Dataset.from_tensors({key: value[0] for key, value in data.items()})
        results.append((weights(trainer.generator), trainer.evaluate(one, verbose=0, return_dict=True)))
    for plain, compiled in zip(results[0][0], results[1][0], strict=True):
        np.testing.assert_allclose(compiled, plain, atol=1e-4)
    for name, value in results[0][1].items():
        assert results[1][1][name] == pytest.approx(value, rel=2e-2, abs=1e-4), name


def test_evaluation_is_exact_over_a_short_last_batch(small_config):
    config = small_config("vgg_l2")
    trainer = build_small(config)
    data = fake_batches(config, 1)
    whole = {key: value[0] for key, value in data.items()}
    dataset = tf.data.Dataset.from_tensor_slices(whole).batch(3)  # 3 + 1 images
    values = trainer.evaluate(dataset, verbose=0, return_dict=True)
    prediction = trainer([whole["context"], whole["mask"]])
    error = tf.reduce_sum(whole["mask"] * (tf.clip_by_value(prediction, -1, 1) - whole["image"]) ** 2)
    assert values["hole_mse"] == pytest.approx(float(error) / (4 * 16 * 3) / 4, rel=1e-4)
    assert set(values) >= {"hole_mse", "maem", "ssim", "sharpness", "seam"}
