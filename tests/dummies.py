"""One-layer networks, an optimizer that counts, and noise for data: trainers are tested around them."""

from types import SimpleNamespace

import numpy as np
import tensorflow as tf
from tensorflow import keras

from inpainting.filling.fillers import NetworkFiller
from inpainting.masks import center_masks
from inpainting.training.optimizers import Replicated
from models.unet import unet

SIZE = 8


class SGD(Replicated, keras.optimizers.SGD):
    """Gradient descent. options: Adam's, in whose place it stands."""

    def __init__(self, rate, *, global_clipnorm=None, **options):
        super().__init__(rate, global_clipnorm=global_clipnorm)

    def update(self, place, gradient, variable, rate):
        variable.assign_sub(rate * gradient)


class CountingSGD(SGD):
    """Gradient descent at rate 1, or another, that counts its updates."""

    def __init__(self, rate=1.0):
        super().__init__(rate)
        self.updates = tf.Variable(0)

    def apply_gradients(self, grads_and_vars):
        self.updates.assign_add(1)
        super().apply_gradients(grads_and_vars)


def tiny_generator():
    context, mask = keras.Input((SIZE, SIZE, 3)), keras.Input((SIZE, SIZE, 1))
    joined = keras.layers.Concatenate()([context, mask])
    return keras.Model([context, mask], keras.layers.Conv2D(3, 3, padding="same")(joined))


def tiny_critic(size=SIZE):
    image = keras.Input((size, size, 3))
    x = keras.layers.Conv2D(1, 3, padding="same")(image)
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, keras.layers.Reshape(())(x))


def batches(count, batch=4):
    """Noise for the one-layer networks."""
    image = tf.random.stateless_uniform([count, batch, SIZE, SIZE, 3], [1, 2], -1, 1)
    mask = tf.tile(center_masks(batch, image_size=SIZE, hole=2)[None], [count, 1, 1, 1, 1])
    return {"image": image, "mask": mask, "context": image * (1 - mask)}


def one_batch():
    return {key: value[0] for key, value in batches(1).items()}


def parameters(network):
    return sum(int(np.prod(weight.shape)) for weight in network.trainable_variables)


def weights(network):
    return [weight.numpy() for weight in network.trainable_variables]


def changed(before, network):
    return any((old != new).any() for old, new in zip(before, weights(network), strict=True))


def fake_batches(config, count):
    """Noise as the data of a step, `count` batches."""
    size, hole, batch = config.data.image_size, config.data.hole, config.training.batch_size
    image = tf.random.stateless_uniform([count, batch, size, size, 3], [1, 2], -1, 1)
    mask = tf.tile(center_masks(batch, image_size=size, hole=hole)[None], [count, 1, 1, 1, 1])
    return {"image": image, "mask": mask, "context": image * (1 - mask)}


def moved(network):
    """The network with noise in its weights: untrained, a correction is 0 and values can't be told apart."""
    random = np.random.default_rng(0)
    for weight in network.trainable_variables:
        weight.assign(weight + random.normal(scale=0.05, size=weight.shape).astype(np.float32))
    return network


def photos_filler():
    """Of pictures of any size and of any hole, as photos_l2 is."""
    network = moved(unet(image_size=16, patch=16, filters=4, residual=True))
    data = SimpleNamespace(image_size=16, fill="pyramid")
    return NetworkFiller("photos", network, data=data, hole=None)
