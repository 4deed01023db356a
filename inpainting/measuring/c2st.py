"""A classifier two-sample test (Lopez-Paz and Oquab 2017): can a small network tell completions from truth?"""

import math

import numpy as np
import tensorflow as tf
from tensorflow import keras
from tqdm import tqdm

from inpainting.errors import InputError
from inpainting.masks import dilate

RING = 4  # pixels of context round the hole that the classifier sees
FILTERS = (32, 64, 128)
UPDATES = 300
BATCH, ASKED = 64, 250  # pictures, each with its completion, that are learned from and asked about at a time
SLOW = 3  # seconds after which progress is shown


def c2st(pictures, completed, masks, *, seed=0):
    """How often a classifier tells completions from truth: 0.5 = not at all, a share of right answers.

    pictures, completed: uint8 [N, H, W, 3]; masks: [N, H, W], 1 = missing. It sees the hole and RING alone,
    learns from one half of the pictures, drawn by the seed, and their completions, and answers for the other.
    Returns `c2st` and half of its 95 % interval, `c2st_interval`, that of a binomial share of N answers.
    Raises InputError for a single picture.
    """
    if len(pictures) < 2:
        raise InputError("a classifier needs two pictures at least, one to learn from: leave out --c2st")
    pairs = _hole_and_ring(np.stack([pictures, completed], axis=1), masks)
    random = np.random.default_rng(seed)
    learned, asked = np.split(random.permutation(len(pairs)), [len(pairs) // 2])
    classifier = _classifier(pairs.shape[2:], seed)
    for _ in tqdm(range(UPDATES), "c2st", unit="update", delay=SLOW, leave=False, disable=None):
        batch = pairs[random.choice(learned, BATCH)]
        batch = np.where(random.random((BATCH, 1, 1, 1, 1)) < 0.5, batch, batch[:, :, :, ::-1])
        classifier.train_on_batch(*_labelled(batch))
    right = 0
    for first in range(0, len(asked), ASKED):
        images, labels = _labelled(pairs[asked[first : first + ASKED]])
        right += np.count_nonzero((classifier(images, training=False).numpy() > 0) == labels)
    return {"c2st": right / (2 * len(asked)), "c2st_interval": _half_interval(right, 2 * len(asked))}


def _half_interval(right, answers):
    """Half of the 95 % interval of a binomial share (Wilson 1927): not 0 where all are right."""
    share, z = right / answers, 1.96
    spread = math.sqrt(share * (1 - share) / answers + (z / (2 * answers)) ** 2)
    return z * spread / (1 + z**2 / answers)


def _hole_and_ring(pairs, masks):
    """uint8 [N, 2, h, w, 4], colours and mask, of [N, 2, H, W, 3]: 0 elsewhere, cut to what is not in any."""
    masks = np.uint8(masks)[..., None]
    seen = dilate(tf.constant(masks, tf.float32), RING).numpy() > 0
    rows, columns = (np.flatnonzero(seen.any(axis=axes)) for axes in ((0, 2, 3), (0, 1, 3)))
    window = np.s_[..., rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1, :]
    pairs, masks, seen = pairs[window], 255 * masks[window][:, None], seen[window][:, None]
    masks = np.broadcast_to(masks, (*pairs.shape[:-1], 1))
    return np.concatenate([pairs, masks], axis=-1) * seen


def _labelled(pairs):
    """The classifier's input [2 · B, h, w, 4] of pairs [B, 2, h, w, 4], and 0 for truth, 1 for a completion."""
    return pairs.reshape(-1, *pairs.shape[2:]), np.tile(np.float32([[0], [1]]), (len(pairs), 1))


def _classifier(shape, seed):
    """A convolutional network from uint8 [h, w, 4] to a logit, positive for a completion."""
    inputs = keras.Input(shape)
    x = keras.layers.Rescaling(1 / 127.5, offset=-1)(inputs)
    for stage, filters in enumerate(FILTERS):
        init = keras.initializers.HeNormal(seed + stage)
        strides = 2 if stage else 1
        x = keras.layers.Conv2D(filters, 3, strides, "same", use_bias=False, kernel_initializer=init)(x)
        x = keras.layers.BatchNormalization(momentum=0.9)(x)
        x = keras.layers.ReLU()(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    init = keras.initializers.GlorotUniform(seed + len(FILTERS))
    classifier = keras.Model(inputs, keras.layers.Dense(1, kernel_initializer=init)(x))
    rate = keras.optimizers.schedules.CosineDecay(4e-3, UPDATES)
    classifier.compile(keras.optimizers.Adam(rate), keras.losses.BinaryCrossentropy(from_logits=True))
    return classifier
