"""Holes: their shapes, the fills of the hole in the network's input, and the composite.

A mask is float32 [B, H, W, 1]: 1 = missing (the hole), 0 = known (the context). Images are float32
[B, H, W, 3] in [-1, 1]. Everything random is drawn from a stateless seed, an integer tensor of shape [2]:
the same seed gives the same holes on every machine and in every run.
"""

import tensorflow as tf

from inpainting.mixed_masks import mixed_masks, segment_distances

STROKE_SEGMENTS = 4
GRAIN = 0.05
PYRAMID = 7  # halvings: a hole of up to 128 pixels is filled from its surroundings


def composite(mask, prediction, image):
    """The completed image: the prediction inside the hole, the known pixels outside.

    mask: [B, H, W, 1], 1 = missing. prediction, image: [B, H, W, 3]. Returns [B, H, W, 3].
    """
    return mask * prediction + (1 - mask) * image


def hole_positions(mask):
    """int32 [N, 3]: image, row and column of each missing pixel of masks [B, H, W, 1]."""
    return tf.cast(tf.where(mask[..., 0] > 0), tf.int32)


def hole_span(image_size, hole):
    """First row (column) of the centred hole and the first one after it."""
    start = (image_size - hole) // 2
    return start, start + hole


def center_masks(batch, *, image_size, hole):
    """The paper's hole: a centred hole × hole square (section 1). Returns [batch, H, W, 1]."""
    start, stop = hole_span(image_size, hole)
    inside = tf.logical_and(tf.range(image_size) >= start, tf.range(image_size) < stop)
    mask = tf.cast(tf.logical_and(inside[:, None], inside[None, :]), tf.float32)
    return tf.tile(mask[None, :, :, None], [batch, 1, 1, 1])


def rectangle_masks(batch, *, image_size, hole, seed):
    """One rectangle an image, sides from hole / 2 to 2 · hole pixels (at most the image), anywhere."""
    seeds = tf.random.split(seed, 2)
    longest = min(2 * hole, image_size)
    sides = tf.random.stateless_uniform([batch, 2], seeds[0], max(hole // 2, 1), longest + 1, tf.int32)
    places = tf.random.stateless_uniform([batch, 2], seeds[1])
    starts = tf.cast(tf.floor(places * tf.cast(image_size - sides + 1, tf.float32)), tf.int32)
    pixels = tf.range(image_size)[None, None, :]
    inside = tf.logical_and(pixels >= starts[..., None], pixels < (starts + sides)[..., None])
    return tf.cast(tf.logical_and(inside[:, 0, :, None], inside[:, 1, None, :]), tf.float32)[..., None]


def free_form_masks(batch, *, image_size, hole, seed):
    """One brush stroke an image: a polyline of STROKE_SEGMENTS segments, hole / 4 to hole / 2 pixels wide.

    A pixel is missing where its distance to the polyline is at most half the width.
    """
    seeds = tf.random.split(seed, 4)
    first = tf.random.stateless_uniform([batch, 1, 2], seeds[0], 0.15 * image_size, 0.85 * image_size)
    angles = tf.random.stateless_uniform([batch, STROKE_SEGMENTS], seeds[1], 0.0, 6.2831853)
    lengths = tf.random.stateless_uniform([batch, STROKE_SEGMENTS], seeds[2], 0.5 * hole, 1.5 * hole)
    half_widths = tf.random.stateless_uniform([batch, 1, 1, 1], seeds[3], hole / 8, hole / 4)
    strides = lengths[..., None] * tf.stack([tf.sin(angles), tf.cos(angles)], -1)
    ends = tf.clip_by_value(first + tf.cumsum(strides, axis=1), 0.0, image_size - 1.0)
    starts = tf.concat([first, ends[:, :-1]], axis=1)

    distances = segment_distances(starts[:, None, None], ends[:, None, None], image_size=image_size)
    return tf.cast(tf.reduce_any(distances <= half_widths, axis=-1), tf.float32)[..., None]


def draw_masks(kind, batch, *, image_size, hole, seed):
    """Masks of a kind (`mask` in inpainting/config/data.py), [batch, H, W, 1]; `center` ignores the seed."""
    if kind == "center":
        return center_masks(batch, image_size=image_size, hole=hole)
    draw = {"rectangle": rectangle_masks, "free_form": free_form_masks, "mixed": mixed_masks}[kind]
    return draw(batch, image_size=image_size, hole=hole, seed=seed)


def fill_hole(image, mask, *, fill, seed):
    """The network's input: the image with its hole filled (section 3).

    zeros: 0, mid-grey in [-1, 1]. noise: N(0, 0.5²) clipped to [-1, 1], its own for each pixel.
    mean: the mean colour of the image's context. pyramid: see `pyramid`. grain: that and noise, N(0, GRAIN²),
    of which a network can make texture where the surroundings are far.
    """
    if fill == "zeros":
        return image * (1 - mask)
    if fill == "noise":
        noise = tf.random.stateless_normal(tf.shape(image), seed, stddev=0.5)
        return composite(mask, tf.clip_by_value(noise, -1.0, 1.0), image)
    filled = context_mean(image, mask) if fill == "mean" else pyramid(image, mask)
    if fill == "grain":
        filled += tf.random.stateless_normal(tf.shape(image), seed, stddev=GRAIN)
    return composite(mask, filled, image)


def context_mean(image, mask):
    """Mean colour of each image's known pixels, [B, 1, 1, 3]; 0 where nothing is known."""
    known = 1 - mask
    total = tf.reduce_sum(known, axis=[1, 2], keepdims=True)
    return tf.reduce_sum(image * known, axis=[1, 2], keepdims=True) / tf.maximum(total, 1.0)


def pyramid(image, mask):
    """The images, in whose holes are means of ever wider surroundings, [B, H, W, 3].

    Push-pull (Gortler et al. 1996, The Lumigraph, section 3.4): the image is halved PYRAMID times, each place
    the mean of what is known of its 2×2; on the way back what is unknown is interpolated from the level below.
    In the last one it is the mean colour of the context. Images of any size.
    """
    levels = []
    for _ in range(PYRAMID):
        levels.append((image, mask))
        share = tf.nn.avg_pool2d(1 - mask, 2, 2, "SAME")
        image = tf.nn.avg_pool2d(image * (1 - mask), 2, 2, "SAME") / tf.maximum(share, 1e-6)
        mask = tf.cast(share == 0, tf.float32)
    image = composite(mask, context_mean(*levels[0]), image)
    for finer, missing in reversed(levels):
        height, width = tf.unstack(tf.shape(finer)[1:3])
        doubled = tf.image.resize(image, 2 * tf.shape(image)[1:3])[:, :height, :width]
        image = composite(missing, doubled, finer)
    return image


def dilate(mask, width):
    """The hole grown by `width` pixels on each side (a square neighbourhood), [B, H, W, 1]."""
    return tf.nn.max_pool2d(mask, 2 * width + 1, 1, "SAME") if width else mask
