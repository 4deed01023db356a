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
| band_low, band_middle, band_high | energy of the hole's DCT over the truth's, by band of frequency |
"""

import math

import tensorflow as tf

from inpainting.losses.reconstruction import hole_pixels, l2, squared_error
from inpainting.masks import composite, context_mean
from inpainting.pixels import to_uint8

TOLERANCE = 5  # of 255, for the approximate exact match (paper, section 1)
BANDS = ("low", "middle", "high")
ENERGIES = tuple(f"energy_{band}" for band in BANDS)
ENERGIES_OF_TRUTH = tuple(f"{energy}_of_truth" for energy in ENERGIES)
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
    *ENERGIES,
    *ENERGIES_OF_TRUTH,
)
METRICS = (
    "hole_mse",
    "l2",
    "half_sum_l2",
    "maem",
    "hole_psnr",
    "ssim",
    "sharpness",
    "seam",
    *(f"band_{band}" for band in BANDS),
)


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
        **dict(zip(ENERGIES, band_energies(completed, mask), strict=True)),
        **dict(zip(ENERGIES_OF_TRUTH, band_energies(target, mask), strict=True)),
    }


def summarise(means):
    """The METRICS of a set from the means of its PER_IMAGE values: a dict of scalars, from a dict of scalars.

    sharpness, seam and the bands are ratios of means: an image without contrast has no ratio of its own.
    """
    return {
        **{key: means[key] for key in ("hole_mse", "l2", "half_sum_l2", "maem")},
        # 120 dB stands for an exact completion.
        "hole_psnr": -10.0 * tf.math.log(tf.maximum(means["hole_mse"], 1e-12)) / math.log(10.0),
        "ssim": means["ssim"],
        "sharpness": tf.math.divide_no_nan(means["gradient"], means["gradient_of_truth"]),
        "seam": tf.math.divide_no_nan(means["border"], means["border_of_truth"]),
        **{
            f"band_{band}": tf.math.divide_no_nan(means[energy], means[of_truth])
            for band, energy, of_truth in zip(BANDS, ENERGIES, ENERGIES_OF_TRUTH, strict=True)
        },
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


def band_energies(image, mask):
    """Energy of each image's hole in the BANDS of frequency, a list of [B].

    Of the hole's bounding box of h × w pixels, its known pixels replaced by the hole's mean colour: the squares
    of the coefficients (u, v) of its orthonormal DCT-II, summed over the channels. A coefficient is low, middle
    or high where max(u / h, v / w) is in the first, second or last third of [0, 1). (0, 0), the mean colour, is
    of no band: it would hide all else in the lowest.
    """
    image = mask * (image - context_mean(image, 1 - mask))
    rows, vertical = _cosines(tf.reduce_max(mask[..., 0], axis=2))
    columns, horizontal = _cosines(tf.reduce_max(mask[..., 0], axis=1))
    coefficients = tf.einsum("buy,byxc,bvx->buvc", rows, image, columns)
    thirds = tf.maximum(vertical[:, :, None], horizontal[:, None, :])
    band = tf.where(thirds > 0, tf.floor(thirds), -1.0)
    energy = tf.reduce_sum(tf.square(coefficients), axis=-1)
    return [tf.reduce_sum(tf.where(band == index, energy, 0.0), axis=[1, 2]) for index in range(len(BANDS))]


def _cosines(missing):
    """The DCT-II over the stretch from the first to the last missing of L pixels, and its frequencies.

    missing: [B, L]. Returns [B, L, L], a basis vector a row, 0 outside the stretch of n pixels and from row n
    on; and [B, L], the rows' frequencies, 0 to 3: a third is 1.
    """
    inside = tf.cast(tf.cumsum(missing, 1) * tf.cumsum(missing, 1, reverse=True) > 0, tf.float32)
    length = tf.maximum(tf.reduce_sum(inside, axis=1), 1.0)[:, None, None]
    index = tf.cast(tf.range(tf.shape(missing)[1]), tf.float32)[None, :, None]
    place = tf.cumsum(inside, 1)[:, None, :] - 0.5
    scale = tf.sqrt(tf.where(index > 0, 2.0, 1.0) / length)
    basis = tf.cos(math.pi * place * index / length) * scale * inside[:, None, :]
    return tf.where(index < length, basis, 0.0), (len(BANDS) * index / length)[..., 0]
