"""Quality of completed images, over the hole only unless named otherwise.

`per_image` gives tensors of shape [B]; `summarise` takes their means over a set, so that a tail batch counts as
it should. Predictions are clipped to [-1, 1], as they are when an image is written.

| key | definition |
|---|---|
| hole_mse | mean squared error over hole pixels and channels, pixels in [0, 1] |
| l2 | Eq. 1 of the paper, pixels in [-1, 1] |
| half_sum_l2 | ½ Σ (Y − Ŷ)², pixels in [-1, 1] |
| maem | percent of hole pixels whose channels are all within ±5 of 255 of the truth |
| hole_psnr | −10·log10 of the mean hole_mse of the set |
| ssim | SSIM of the whole completed image, data range 1 |
| sharpness | mean gradient magnitude inside the hole over that of the truth |
| seam | mean absolute difference across the hole's border over that of the truth |
"""

import math

import tensorflow as tf

from inpainting.losses.reconstruction import hole_pixels, l2, squared_error
from inpainting.masks import composite
from inpainting.pixels import to_uint8

TOLERANCE = 5  # of 255, for the approximate exact match (paper, section 1)
PER_IMAGE = (
    "hole_mse",
    "l2",
    "half_sum_l2",
    "maem",
    "ssim",
    "gradient",
    "gradient_of_truth",
    "border",
    "border_of_truth",
)
METRICS = ("hole_mse", "l2", "half_sum_l2", "maem", "hole_psnr", "ssim", "sharpness", "seam")


def hole_mse(*, prediction, target, mask):
    """Mean squared error over the hole's pixels and channels, pixels in [0, 1], [B] (= l2 / 12)."""
    return l2(prediction=tf.clip_by_value(prediction, -1.0, 1.0), target=target, mask=mask) / 12.0


@tf.function(reduce_retracing=True)
def per_image(*, prediction, target, mask):
    """The PER_IMAGE values of a batch: a dict of float32 [B].

    prediction, target: [B, H, W, 3] in [-1, 1]; mask: [B, H, W, 1], 1 = missing.
    """
    prediction = tf.clip_by_value(prediction, -1.0, 1.0)
    completed = composite(mask, prediction, target)
    error = l2(prediction=prediction, target=target, mask=mask)
    return {
        "hole_mse": error / 12.0,
        "l2": error,
        "half_sum_l2": 0.5 * squared_error(prediction=prediction, target=target, weight=mask),
        "maem": 100.0 * _matches(prediction, target, mask),
        "ssim": tf.image.ssim((completed + 1) / 2, (target + 1) / 2, max_val=1.0),
        "gradient": _inside_gradient(completed, mask),
        "gradient_of_truth": _inside_gradient(target, mask),
        "border": _border_difference(completed, mask),
        "border_of_truth": _border_difference(target, mask),
    }


def summarise(means):
    """The METRICS of a set from the means of its PER_IMAGE values: a dict of scalars, from a dict of scalars.

    sharpness and seam are ratios of means: an image without contrast has no ratio of its own.
    """
    return {
        **{key: means[key] for key in ("hole_mse", "l2", "half_sum_l2", "maem")},
        # 120 dB stands for an exact completion.
        "hole_psnr": -10.0 * tf.math.log(tf.maximum(means["hole_mse"], 1e-12)) / math.log(10.0),
        "ssim": means["ssim"],
        "sharpness": tf.math.divide_no_nan(means["gradient"], means["gradient_of_truth"]),
        "seam": tf.math.divide_no_nan(means["border"], means["border_of_truth"]),
    }


def _matches(prediction, target, mask):
    pixels, truth = tf.cast(to_uint8(prediction), tf.int32), tf.cast(to_uint8(target), tf.int32)
    within = tf.reduce_all(tf.abs(pixels - truth) <= TOLERANCE, axis=-1, keepdims=True)
    return tf.reduce_sum(tf.cast(within, tf.float32) * mask, axis=[1, 2, 3]) / hole_pixels(mask)


def _inside_gradient(image, mask):
    """Mean of √(∂x² + ∂y²) over pixels that have their right and lower neighbour in the hole too, [B]."""
    here = image[:, :-1, :-1]
    squared = tf.square(image[:, :-1, 1:] - here) + tf.square(image[:, 1:, :-1] - here)
    inside = mask[:, :-1, :-1] * mask[:, :-1, 1:] * mask[:, 1:, :-1]
    total = tf.reduce_sum(inside * tf.sqrt(squared), axis=[1, 2, 3])
    return total / (hole_pixels(inside) * image.shape[-1])


def _border_difference(image, mask):
    """Mean absolute difference between the two pixels of each pair that the hole's border separates, [B]."""
    total, pairs = 0.0, 0.0
    for turned, turned_mask in ((image, mask), (_transposed(image), _transposed(mask))):
        crossing = tf.abs(turned_mask[:, 1:] - turned_mask[:, :-1])
        total += tf.reduce_sum(crossing * tf.abs(turned[:, 1:] - turned[:, :-1]), axis=[1, 2, 3])
        pairs += tf.reduce_sum(crossing, axis=[1, 2, 3])
    return total / (tf.maximum(pairs, 1.0) * image.shape[-1])


def _transposed(image):
    return tf.transpose(image, [0, 2, 1, 3])
