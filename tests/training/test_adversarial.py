"""What training against a critic and against a discriminator share."""

import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from inpainting.training.wgan import WGANTrainer
from tests.dummies import SIZE, batches, changed, tiny_critic, weights
from tests.training.tiny import dcgan, tracked, wgan


def test_every_update_of_the_adversary_sees_its_own_batch_and_the_generator_the_last():
    trainer, seen = wgan(), []
    trainer.adversary_step = lambda batch, index: seen.append(("adversary", batch["image"]))
    trainer.generator_step = lambda batch: seen.append(("generator", batch["image"]))
    data = batches(4)
    trainer.train_step(data)
    assert [name for name, _ in seen] == ["adversary"] * 3 + ["generator"]
    np.testing.assert_array_equal(np.stack([images for _, images in seen]), data["image"])


@pytest.mark.parametrize("make", [dcgan, wgan])
def test_warm_up_is_l2_alone_and_leaves_the_adversary_alone(make):
    trainer = make(warmup_steps=1)
    trainer.begin_phase(0)
    adversary, generator = weights(trainer.adversary), weights(trainer.generator)
    trainer.train_step(batches(1))
    assert not changed(adversary, trainer.adversary) and changed(generator, trainer.generator)
    assert trainer.adversary_optimizer.updates.numpy() == 0
    values = tracked(trainer)
    assert values["loss"] == values["reconstruction_loss"] > 0
    trainer.begin_phase(1)
    trainer.reset_means()
    trainer.train_step(batches(2))
    assert changed(adversary, trainer.adversary)
    values = tracked(trainer)
    mixed = 0.9 * values["reconstruction_loss"] + 0.1 * values["adversarial_loss"]
    assert values["loss"] == pytest.approx(mixed, rel=1e-5)


@pytest.mark.parametrize("sees", ["image", "hole"])
def test_what_the_adversary_is_shown(sees):
    trainer = wgan(sees=sees, hole=2)
    images = tf.reshape(tf.range(SIZE * SIZE * 3, dtype=tf.float32), [1, SIZE, SIZE, 3])
    expected = images.numpy() if sees == "image" else images.numpy()[:, 3:5, 3:5]
    np.testing.assert_array_equal(trainer.shown(images), expected)


def test_real_images_and_both_completions_are_shown_to_it():
    """Where everything is shown as zeros, real and completed images score alike: the convolution's bias."""
    trainer, given = wgan(), []
    trainer.shown = lambda images: given.append(images) or tf.zeros_like(images)
    trainer.train_step(batches(2))
    assert len(given) == 3
    values = tracked(trainer)
    bias = float(weights(trainer.adversary)[-1][0])
    assert values["wasserstein_estimate"] == 0
    assert values["adversarial_loss"] == pytest.approx(-bias, abs=1e-7)


def test_shared_variables_are_refused():
    shared = tiny_critic()
    image, mask = keras.Input((SIZE, SIZE, 3)), keras.Input((SIZE, SIZE, 1))
    scored = keras.layers.Reshape((1, 1, 1))(shared(image))
    generator = keras.Model([image, mask], image + scored)
    settings = {"alpha": 1.0, "overlap": 0, "overlap_weight": 1.0, "lipschitz": None}
    with pytest.raises(ValueError, match="disjoint"):
        WGANTrainer(generator=generator, ema_generator=generator, adversary=shared, **settings)
