"""Converters between pictures (uint8), networks' images (float32 in [-1, 1]) and density targets (int32)."""

import tensorflow as tf

COLOURS, LEVELS = 3, 256  # of a pixel, and of each of its colours


def to_float(images):
    """Integers 0…255 -> float32 in [-1, 1]."""
    return tf.cast(images, tf.float32) / 127.5 - 1.0


def to_uint8(images):
    """float in [-1, 1], clipped, -> uint8 0…255, rounded: the inverse of `to_float` on all 256 values."""
    scaled = tf.round((tf.cast(images, tf.float32) + 1.0) * 127.5)
    return tf.cast(tf.clip_by_value(scaled, 0.0, 255.0), tf.uint8)


def as_pixels(images):
    """float in [-1, 1] -> int32 0…255, the values that a density model predicts."""
    return tf.cast(to_uint8(images), tf.int32)
