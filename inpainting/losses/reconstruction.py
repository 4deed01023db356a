"""Reconstruction losses: the paper's Eq. 1 and the overlap loss of section 5.4.

Images are [B, H, W, 3] in [-1, 1], masks [B, H, W, 1] with 1 = missing. All return [B], one value an image.
"""

import tensorflow as tf

from inpainting.masks import dilate


def squared_error(*, prediction, target, weight):
    """Weighted sum of squared errors of each image over pixels and channels, [B].

    weight: [B, H, W, 1], broadcast over the channels.
    """
    return tf.reduce_sum(weight * tf.square(target - prediction), axis=[1, 2, 3])


def absolute_error(*, prediction, target, weight):
    """Weighted sum of absolute errors, as `squared_error`."""
    return tf.reduce_sum(weight * tf.abs(target - prediction), axis=[1, 2, 3])


def hole_pixels(mask):
    """Missing pixels of each image, at least 1, [B]."""
    return tf.maximum(tf.reduce_sum(mask, axis=[1, 2, 3]), 1.0)


def l2(*, prediction, target, mask):
    """Eq. 1: (1/n²) Σ over pixels and channels of (Y − Ŷ)², over the hole of n² pixels."""
    return squared_error(prediction=prediction, target=target, weight=mask) / hole_pixels(mask)


def overlap_loss(*, prediction, target, mask, overlap, overlap_weight, error="squared"):
    """Section 5.4: mean squared error over the hole and a ring of context around it, the ring weighing more.

    overlap: width of the ring in pixels (0: the hole alone). overlap_weight: weight of a ring pixel, a hole
    pixel weighs 1; the paper's 20. error: "squared", or "absolute" for the mean absolute error. Normalised by
    the hole's pixels and channels, so that it is 4 · hole_mse of the hole, or twice the mean absolute error of
    pixels in [0, 1], and weighs the same beside another loss, whatever the ring adds.
    """
    weight = mask + overlap_weight * (dilate(mask, overlap) - mask)
    channels = prediction.shape[-1]
    total = {"squared": squared_error, "absolute": absolute_error}[error]
    return total(prediction=prediction, target=target, weight=weight) / (hole_pixels(mask) * channels)
