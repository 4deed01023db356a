"""Likelihood of sub-pixels under the softmax layers of a density model (section 6.2)."""

import math

import tensorflow as tf

from inpainting.losses.reconstruction import hole_pixels
from inpainting.masks import hole_positions

# −log p of all hole pixels, and −log2 p per sub-pixel of hole and image.
DENSITY_PER_IMAGE = ("nats_per_hole", "hole_bits_per_dim", "bits_per_dim")


def nats(*, logits, pixels):
    """−log p of the true value of each sub-pixel, the paper's L_softmax before its sum.

    logits: […, 3, 256]; pixels: int32 0…255 […, 3]. Returns […, 3]: ln 256 = 5.55 for uniform logits.
    """
    if not logits.shape[:-1].is_compatible_with(pixels.shape):
        raise ValueError(f"One logit vector a sub-pixel. Received: {logits.shape} for {pixels.shape}")
    flat = tf.reshape(logits, [-1, logits.shape[-1]])
    return tf.reshape(_cross_entropy(flat, tf.reshape(pixels, [-1])), tf.shape(pixels))


@tf.custom_gradient
def _cross_entropy(logits, values):
    """−log softmax(logits)[value], [N]. On a CPU TensorFlow's own op takes two and a half times as long."""
    p = tf.nn.softmax(logits)
    largest = tf.reduce_max(logits, -1)

    def gradient(upstream):
        where = tf.stack([tf.range(tf.size(values)), values], -1)
        return tf.tensor_scatter_nd_sub(p * upstream[:, None], where, upstream), None

    # log Σ exp(logits) = max(logits) − log(max(p)): where another p is 0, the largest is at least 1 / 256.
    return (largest - tf.gather(logits, values, batch_dims=1)) - tf.math.log(tf.reduce_max(p, -1)), gradient


def bits(nats):
    """Nats as bits: 8 a sub-pixel for uniform logits over 256 levels."""
    return nats / math.log(2.0)


def per_image_nats(network, pixels, mask):
    """The DENSITY_PER_IMAGE values of int32 pixels [B, H, W, 3] under a network: a dict of float32 [B].

    A `conditional` network says nothing of known pixels: it has no `bits_per_dim`, of the image.
    """
    if network.conditional:
        where = hole_positions(mask)
        logits = network.logits_at(pixels, where, description=network.describe(pixels, mask))
        values = tf.reduce_sum(nats(logits=logits, pixels=tf.gather_nd(pixels, where)), -1)
        hole = tf.math.unsorted_segment_sum(values, where[:, 0], tf.shape(pixels)[0])
        whole = {}
    else:
        values = nats(logits=network(pixels, training=False), pixels=pixels)
        hole = tf.reduce_sum(values * mask, axis=[1, 2, 3])
        whole = {"bits_per_dim": bits(tf.reduce_mean(values, axis=[1, 2, 3]))}
    sub_pixels = tf.cast(pixels.shape[-1], tf.float32) * hole_pixels(mask)
    return {"nats_per_hole": hole, "hole_bits_per_dim": bits(hole / sub_pixels), **whole}
