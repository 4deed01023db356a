"""Augmentation of a batch, each image with its own draw, nothing per image in Python.

The paper's (section 3): small random hue, saturation and contrast changes and Gaussian blur. Beyond it:
horizontal flips and shifts of up to 4 pixels. Off for validation and test. Each is switched by its name.

Hue, saturation and contrast are all affine in the colour of a pixel, so they compose into one 3×3 matrix and
one offset an image, applied in a single pass:

    hue          A_h = T⁻¹ R(θ) T    a turn by θ of the chroma plane of YIQ
    saturation   A_s = s I + (1 − s) 1 wᵀ    w the luma weights: grey at s = 0
    contrast     x -> c x + (1 − c) m    m the mean colour of the image's known pixels

so that x -> A (c x + (1 − c) m) with A = A_s A_h. A keeps grey grey, hence holds in [-1, 1] as in [0, 1].

A known pixel becomes what known pixels make it: neither contrast nor blur tells it of the hole.
"""

import math

import numpy as np
import tensorflow as tf

from inpainting.masks import composite, context_mean
from pipelines.blur import gaussian_blur

MAX_HUE = 0.05  # of a full turn
MAX_SATURATION = 0.2  # s in [0.8, 1.2]
MAX_CONTRAST = 0.2  # c in [0.8, 1.2]
BLUR_SIZE, BLUR_SIGMA = 3, 0.7  # of the blurred copy that an image is mixed with
BLUR_PROBABILITY = 0.25
MAX_SHIFT = 4  # pixels

LUMA = np.array([0.299, 0.587, 0.114])
_RGB_TO_YIQ = np.array([LUMA, [0.59590059, -0.27455667, -0.32134392], [0.21153661, -0.52273617, 0.31119955]])


def flip_and_shift(images, *, names, seed):
    """Mirrors half of the images and moves each by up to MAX_SHIFT pixels, reflected at the border.

    images: [B, H, W, 3] of any dtype. Both are one look-up of rows and columns.
    """
    batch, height, width = tf.shape(images)[0], images.shape[1], images.shape[2]
    seeds = tf.random.split(seed, 2)
    columns = tf.tile(tf.range(width)[None], [batch, 1])
    rows = tf.tile(tf.range(height)[None], [batch, 1])
    # Deviation: neither flips nor shifts are in section 3.
    if "flip" in names:
        flipped = tf.random.stateless_uniform([batch, 1], seeds[0]) < 0.5
        columns = tf.where(flipped, width - 1 - columns, columns)
    if "shift" in names:
        shifts = tf.random.stateless_uniform([batch, 2], seeds[1], -MAX_SHIFT, MAX_SHIFT + 1, tf.int32)
        rows = _reflect(rows + shifts[:, :1], height)
        columns = _reflect(columns + shifts[:, 1:], width)
    images = tf.gather(images, rows, axis=1, batch_dims=1)
    return tf.gather(images, columns, axis=2, batch_dims=1)


def _reflect(index, size):
    """An index outside [0, size) mirrored into it, the border itself not repeated."""
    return size - 1 - tf.abs(size - 1 - tf.abs(index))


def colour_transform(images, masks, *, names, seed):
    """The matrix [B, 3, 3] and offset [B, 3] of each image's hue, saturation and contrast draw.

    images: float [B, H, W, 3]; only their mean colour outside of the masks [B, H, W, 1] is used. A pixel p (a
    column) becomes matrix p + offset.
    """
    batch = tf.shape(images)[0]
    seeds = tf.random.split(seed, 3)

    def draw(name, index, limit):
        drawn = tf.random.stateless_uniform([batch, 1, 1], seeds[index], -limit, limit)
        return drawn if name in names else tf.zeros_like(drawn)

    angle = draw("hue", 0, 2 * math.pi * MAX_HUE)
    saturation = 1 + draw("saturation", 1, MAX_SATURATION)
    contrast = 1 + draw("contrast", 2, MAX_CONTRAST)
    colour = tf.matmul(_saturation_matrix(saturation), _hue_matrix(angle))
    mean = tf.reshape(context_mean(images, masks), [batch, 3, 1])
    return contrast * colour, tf.matmul(colour, (1 - contrast) * mean)[..., 0]


def _hue_matrix(angle):
    """Turn of the chroma plane by angle [B, 1, 1] in radians, in RGB, [B, 3, 3]."""
    to_yiq, to_rgb = _RGB_TO_YIQ, np.linalg.inv(_RGB_TO_YIQ)
    keep = to_rgb @ np.diag([1.0, 0.0, 0.0]) @ to_yiq
    cosine = to_rgb @ np.diag([0.0, 1.0, 1.0]) @ to_yiq
    sine = to_rgb @ np.array([[0, 0, 0], [0, 0, -1], [0, 1, 0]]) @ to_yiq
    keep, cosine, sine = (tf.constant(part, tf.float32) for part in (keep, cosine, sine))
    return keep + tf.cos(angle) * cosine + tf.sin(angle) * sine


def _saturation_matrix(saturation):
    """Mix of each colour with its luma by saturation [B, 1, 1], [B, 3, 3]."""
    luma = tf.constant(np.tile(LUMA, (3, 1)), tf.float32)
    return saturation * tf.eye(3) + (1 - saturation) * luma


def jitter_colour(images, masks, *, names, seed):
    """Hue, saturation and contrast of float images [B, H, W, 3] in [-1, 1], clipped to that range.

    masks: [B, H, W, 1], 1 = missing.
    """
    if not {"hue", "saturation", "contrast"} & set(names):
        return images
    matrix, offset = colour_transform(images, masks, names=names, seed=seed)
    flat = tf.reshape(images, [tf.shape(images)[0], -1, 3])
    flat = tf.matmul(flat, matrix, transpose_b=True) + offset[:, None]
    return tf.clip_by_value(tf.reshape(flat, tf.shape(images)), -1.0, 1.0)


def blur(images, masks, *, seed):
    """Mixes a quarter of the images (BLUR_PROBABILITY) with their blurred copies, each by its own share.

    masks: [B, H, W, 1], 1 = missing. A known pixel is mixed with the mean, so weighted, of known ones. One
    convolution serves the whole batch, and the share gives each image its own strength.
    """
    batch = tf.shape(images)[0]
    seeds = tf.random.split(seed, 2)
    chosen = tf.random.stateless_uniform([batch], seeds[0]) < BLUR_PROBABILITY
    share = tf.where(chosen, tf.random.stateless_uniform([batch], seeds[1]), 0.0)
    chosen = tf.logical_or(chosen, tf.range(batch) == 0)  # never an empty batch to blur
    where = tf.where(chosen)
    sharp, mask = tf.boolean_mask(images, chosen), tf.boolean_mask(masks, chosen)
    known = 1 - mask
    share = tf.boolean_mask(share, chosen)[:, None, None, None]
    maps = tf.concat([sharp, sharp * known, known], -1)
    blurred = gaussian_blur(maps, size=BLUR_SIZE, sigma=BLUR_SIGMA)
    whole, of_known, weight = tf.split(blurred, [3, 3, 1], -1)
    blurred = composite(mask, whole, of_known / tf.maximum(weight, 1e-6))
    return tf.tensor_scatter_nd_update(images, where, sharp + share * (blurred - sharp))
