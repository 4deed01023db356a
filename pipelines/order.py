"""In which order images are trained on."""

import tensorflow as tf


def shuffled_index(positions, count, seed):
    """The image at each position (int64 [B]) of the endless stream: a permutation of [0, count) an epoch."""
    epochs, places = positions // count, positions % count
    seeds = tf.stack([tf.fill(tf.shape(epochs), tf.cast(seed, tf.int64)), epochs, tf.zeros_like(epochs)], -1)
    last = tf.cast(count - 1, tf.int64)
    # The raw op: the public wrapper takes one seed only, and a batch may span two epochs.
    return tf.raw_ops.RandomIndexShuffle(index=places, seed=seeds, max_index=last, rounds=4)
