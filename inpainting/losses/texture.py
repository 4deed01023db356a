"""How much texture a fill has, beside how much the truth has in the same place. Beyond the paper.

An adversary says what texture looks like. How much of it belongs into a place, none into a sky, can be learnt
from the truth directly: local contrast, unlike the pixels themselves, follows from what surrounds a hole.
"""

import tensorflow as tf

SCALES = (1, 2, 4)  # pixels between the values whose differences are taken
WINDOW = 8  # side of the windows that contrast is taken over, in such values; they overlap by half
DARK = 1e-4  # added to squared differences: those of 8-bit rounding, in [-1, 1]


def texture_loss(*, completed, target, mask):
    """Mean over windows and scales of |contrast of the completed image − contrast of the truth|, [B].

    completed, target: [B, H, W, 3] in [-1, 1]; mask: [B, H, W, 1]. The contrast of a window: the root of the
    mean squared difference between neighbours, in both directions, over its part of the hole, by which windows
    are weighted; 0 where there is no hole.
    """
    total = 0.0
    for scale in SCALES:
        weights = _pooled(mask, scale, scale)
        share = _pooled(weights, WINDOW, WINDOW // 2)
        filled, true = (_contrast(image, weights, share, scale) for image in (completed, target))
        differences = tf.reduce_sum(share * tf.abs(filled - true), axis=[1, 2, 3])
        total += differences / tf.maximum(tf.reduce_sum(share, axis=[1, 2, 3]), 1e-6)
    return total / len(SCALES)


def _contrast(image, weights, share, scale):
    """[B, h, w, 1] of [B, H, W, 3]."""
    values = _pooled(image, scale, scale)
    down, right = tf.image.image_gradients(values)  # 0 in the last row, the last column
    squared = tf.reduce_mean((tf.square(right) + tf.square(down)) / 2, axis=-1, keepdims=True)
    mean = _pooled(weights * squared, WINDOW, WINDOW // 2) / tf.maximum(share, 1e-6)
    return tf.sqrt(mean + DARK)


def _pooled(maps, window, stride):
    return tf.nn.avg_pool2d(maps, window, stride, "SAME")
