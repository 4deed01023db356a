"""What all training shares: the average of the weights, the regularisation, the scaled loss, the evaluation."""

import numpy as np
import pytest
import tensorflow as tf

from inpainting.training.build import build_trainer
from tests.dummies import SIZE, batches, fake_batches, one_batch, weights
from tests.training.tiny import autoencoder, tracked


def test_the_average_follows_by_its_decay():
    trainer = autoencoder(rate=0.5, ema_decay=0.999)
    for average, weight in zip(weights(trainer.ema_generator), weights(trainer.generator), strict=True):
        np.testing.assert_array_equal(average, weight)
    # The first decay is (1 + 0) / (10 + 0) = 0.1; in the long run it is what was asked for.
    for step, decay in ((0, 0.1), (1_000_000, 0.999)):
        trainer.step.assign(step)
        before = weights(trainer.ema_generator)
        trainer.train_step(batches(1))
        after, new = weights(trainer.ema_generator), weights(trainer.generator)
        for old_average, average, weight in zip(before, after, new, strict=True):
            np.testing.assert_allclose(average, decay * old_average + (1 - decay) * weight, atol=1e-6)


def test_the_average_is_what_predicts():
    trainer, batch = autoencoder(), one_batch()
    inputs = [batch["context"], batch["mask"]]
    before = trainer(inputs).numpy()
    for weight in trainer.generator.trainable_variables:
        weight.assign(weight + 1.0)
    np.testing.assert_array_equal(trainer(inputs), before)
    assert np.abs(trainer.generator(inputs) - before).max() > 0.5


def test_l2_regularization_adds_half_the_squares_of_the_kernels():
    losses = {}
    for weight in (0.0, 0.1):
        trainer = autoencoder(rate=0.0, l2_regularization=weight)
        kernel, bias = trainer.generator.trainable_variables
        bias.assign(tf.ones_like(bias))  # a bias is not regularised
        trainer.train_step(batches(1))
        losses[weight] = tracked(trainer)["loss"]
    expected = 0.1 * 0.5 * float((kernel.numpy() ** 2).sum())
    assert losses[0.1] - losses[0.0] == pytest.approx(expected, rel=1e-4)


def test_the_generator_learns_from_the_last_batch():
    data = batches(3)
    together, alone = autoencoder(rate=0.5), autoencoder(rate=0.5)
    together.train_step(data)
    alone.train_step({key: value[2:] for key, value in data.items()})
    for one, other in zip(weights(together.generator), weights(alone.generator), strict=True):
        np.testing.assert_array_equal(one, other)


def test_means_go_on_until_they_are_reset():
    trainer = autoencoder(rate=0.0)
    image = tf.zeros([1, 4, SIZE, SIZE, 3])
    mask = batches(1)["mask"]
    for weight in trainer.generator.trainable_variables:
        weight.assign(tf.zeros_like(weight))  # predicts 0
    for value in (1.0, 2.0):  # errors 1 and 4
        trainer.train_step({"image": image + value, "mask": mask, "context": image})
    assert tracked(trainer)["loss"] == pytest.approx((1 + 4) / 2)
    trainer.means.reset()
    trainer.train_step({"image": image + 2.0, "mask": mask, "context": image})
    assert tracked(trainer)["loss"] == pytest.approx(4)


def test_evaluation_is_exact_over_a_short_last_batch_and_leaves_the_training_s_means(small_config):
    config = small_config("vgg_l2")
    trainer, data = build_trainer(config), fake_batches(config, 1)
    trainer.train_step(data)
    before = tracked(trainer)
    whole = {key: value[0] for key, value in data.items()}
    dataset = tf.data.Dataset.from_tensor_slices(whole).batch(3)  # 3 + 1 images
    values = trainer.evaluate(dataset)
    prediction = trainer([whole["context"], whole["mask"]])
    error = tf.reduce_sum(whole["mask"] * (tf.clip_by_value(prediction, -1, 1) - whole["image"]) ** 2)
    # 4 images, a hole of 4×4; from [-1, 1] to [0, 1] an error is halved.
    assert values["hole_mse"] == pytest.approx(float(error) / (4 * 16 * 3) / 4, rel=1e-4)
    assert set(values) >= {"hole_mse", "maem", "ssim", "sharpness", "seam"}
    assert tracked(trainer) == before


def test_what_a_step_draws_depends_on_seed_stream_step_and_index():
    trainer = autoencoder(seed=3)
    seeds = [trainer.draws_seed(0, 1), trainer.draws_seed(1, 1), trainer.draws_seed(0, 2)]
    seeds.append(autoencoder(seed=4).draws_seed(0, 1))
    trainer.step.assign(1)
    seeds.append(trainer.draws_seed(0, 1))
    assert len({tuple(seed.numpy()) for seed in seeds}) == 5
    trainer.step.assign(0)
    np.testing.assert_array_equal(trainer.draws_seed(0, 1), seeds[0])


def test_an_unknown_setting_is_refused():
    with pytest.raises((TypeError, ValueError), match="overlap_weigth"):
        autoencoder(overlap_weigth=20.0)
