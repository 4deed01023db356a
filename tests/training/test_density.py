"""What a density model's step looks at, and what it measures."""

import numpy as np
import pytest
import tensorflow as tf

from inpainting.config.experiments import experiment
from inpainting.config.generators import DENSITY
from inpainting.losses.likelihood import nats
from inpainting.pixels import as_pixels
from inpainting.training.build import build_trainer
from tests.dummies import fake_batches
from tests.training.tiny import tracked


class Recorder:
    """A local network that notes where it is asked. Every value is as likely."""

    conditional = False
    directions = 1
    offsets = np.zeros((0, 2))

    def logits_at(self, pixels, where, *, training):
        self.where = where.numpy()
        return tf.zeros([len(where), 3, 256])


class ContextRecorder:
    """A conditional network that notes what it is given. Given the context alone it is sure of value 0."""

    conditional = True
    directions = 1

    def describe(self, pixels, mask, training):
        return "description"

    def logits_at(self, pixels, where, *, description, training):
        assert description == "description" and training
        self.where = where.numpy()
        return tf.zeros([len(where), 3, 256])

    def marginal_logits_at(self, pixels, where, *, mask, description, training):
        assert description == "description" and training
        self.marginal_where, self.mask = where.numpy(), mask.numpy()
        return tf.one_hot(tf.zeros([len(where), 3], tf.int32), 256, 1e9)


def trainer_around(network, small_config, model, **settings):
    trainer = build_trainer(small_config(model, **settings))
    trainer.generator = network
    return trainer


def test_the_pixel_cnn_learns_from_random_pixels_of_every_image(small_config):
    network = Recorder()
    trainer = trainer_around(network, small_config, "pixel_cnn", pixels_per_image=50)
    pixels, mask = tf.zeros([4, 16, 16, 3], tf.int32), tf.zeros([4, 16, 16, 1])
    trainer._nats(pixels, mask)
    first = network.where
    assert first.shape == (200, 3) and first.min() == 0 and first[:, 1:].max() == 15
    np.testing.assert_array_equal(first[:, 0], np.repeat(range(4), 50))
    trainer._nats(pixels, mask)
    np.testing.assert_array_equal(network.where, first)  # a function of seed and step
    trainer.step.assign_add(1)
    trainer._nats(pixels, mask)
    assert (network.where != first).any()


def test_the_conditional_one_learns_from_the_hole_with_and_without_what_comes_before(small_config):
    network = ContextRecorder()
    trainer = trainer_around(network, small_config, "conditional_pixel_cnn")
    mask = np.zeros((64, 16, 16, 1), np.float32)
    mask[::2, 4:6, 4:7] = mask[1::2, 0, 9:13] = 1  # each image has a hole of its own
    values = trainer._nats(tf.zeros([64, 16, 16, 3], tf.int32), tf.constant(mask))
    hole = np.argwhere(mask[..., 0] > 0)
    np.testing.assert_array_equal(network.where, hole)
    np.testing.assert_array_equal(network.marginal_where, hole)
    np.testing.assert_array_equal(network.mask, mask)
    # Both count alike: ln 256 nats of every sub-pixel, and none.
    np.testing.assert_allclose(values[0], np.full((len(hole), 3), np.log(256)), rtol=1e-6)
    np.testing.assert_allclose(values[1], np.zeros((len(hole), 3)), atol=1e-6)


def test_segments_start_anew(small_config):
    """Four segments of four rows are four images to the network."""
    config = small_config("flattened_row_lstm", segment_rows=4)
    trainer = build_trainer(config)
    pixels = as_pixels(fake_batches(config, 1)["image"][0])
    values = trainer._nats(pixels, None)
    segments = tf.reshape(pixels, [-1, 4, 16, 3])
    expected = nats(logits=trainer.generator(segments), pixels=segments)
    assert values.shape == (config.training.batch_size * 4, 4, 16, 3)
    np.testing.assert_allclose(values, expected, rtol=1e-5)


def test_four_directions_start_from_every_corner(small_config):
    config = small_config("flattened_row_lstm", directions=4)
    trainer = build_trainer(config)
    corners = np.zeros((64, 16, 16, 3), np.int32)
    corners[:, 0, 0] = 1
    corners[:, 0, -1] = 2
    corners[:, -1, -1] = 3
    corners[:, -1, 0] = 4
    turned = trainer._from_random_corners(tf.constant(corners)).numpy()
    assert set(turned[:, 0, 0, 0]) == {1, 2, 3, 4}
    for image in turned:  # the others follow clockwise
        first = image[0, 0, 0]
        following = image[[0, -1, -1], [-1, -1, 0], 0]
        np.testing.assert_array_equal(following, (first + np.arange(3)) % 4 + 1)


@pytest.mark.parametrize("model", ["row_lstm", "conditional_pixel_cnn"])
def test_the_loss_is_the_mean_of_nats(model, small_config):
    """The conditional one logs the bits of the hole, given what comes before: the first of its two."""
    config = small_config(model, dropout=0.0)
    trainer = build_trainer(config)
    batch = {key: value[0] for key, value in fake_batches(config, 1).items()}
    values = trainer._nats(as_pixels(batch["image"]), batch["mask"]).numpy()
    if model == "row_lstm":
        pixels = as_pixels(batch["image"])
        np.testing.assert_allclose(values, nats(logits=trainer.generator(pixels), pixels=pixels), rtol=1e-5)
    trainer.generator_step(batch)
    logged = tracked(trainer)
    assert logged["loss"] == pytest.approx(values.mean(), rel=1e-5)
    name, predicted = ("bits_per_dim", values) if model == "row_lstm" else ("hole_bits_per_dim", values[0])
    assert logged[name] == pytest.approx(predicted.mean() / np.log(2), rel=1e-5)
    assert set(logged) == {"loss", name, "generator_gradient_norm"}
    assert int(trainer.step.numpy()) == 1


@pytest.mark.parametrize("model", ["pixel_cnn", "conditional_pixel_cnn"])
def test_validation_measures_the_average(model, small_config):
    """The conditional one the hole alone: of a whole image it says nothing."""
    config = small_config(model)
    trainer = build_trainer(config)
    batch = {key: value[0] for key, value in fake_batches(config, 1).items()}
    data = [batch]
    before = trainer.evaluate(data)
    assert ("bits_per_dim" in before) == (model == "pixel_cnn")
    sub_pixels = 3 * float(tf.reduce_sum(batch["mask"][0]))
    bits_by_hand = before["nats_per_hole"] / np.log(2) / sub_pixels
    assert before["hole_bits_per_dim"] == pytest.approx(bits_by_hand, rel=1e-4)
    for weight in trainer.generator.trainable_variables:
        weight.assign(weight + 1.0)
    assert trainer.evaluate(data) == before


SLOW = ("diagonal_bilstm", "flattened_row_lstm")  # they learn from what the Row LSTM learns from


@pytest.mark.parametrize(
    "model", [pytest.param(model, marks=[pytest.mark.slow] * (model in SLOW)) for model in DENSITY]
)
def test_a_model_learns_a_constant_image(model, small_config):
    """Every value is 200: after some steps bits/dim are far below 8."""
    settings = {"layers": 1, "dropout": 0.0, "learning_rate_warmup": 0, "learning_rate": 0.01, "steps": 1000}
    trainer = build_trainer(small_config(model, **settings))
    image = tf.fill([4, 16, 16, 3], 200 / 127.5 - 1)
    mask = np.zeros((4, 16, 16, 1), np.float32)
    mask[:, 6:10, 6:10] = 1
    batch = {"image": image, "mask": tf.constant(mask), "context": image * (1 - mask)}
    step = tf.function(trainer.generator_step)
    for _ in range(40):
        step(batch)
    assert np.mean(trainer._nats(as_pixels(image), batch["mask"])) < 0.5 * np.log(256)


def test_the_gradient_of_the_flattened_row_lstm_is_bounded(small_config):
    assert experiment("flattened_row_lstm").training.global_clipnorm == 0.25
    trainer = build_trainer(small_config("flattened_row_lstm", global_clipnorm=0.5))
    assert trainer.generator_optimizer.global_clipnorm == 0.5
