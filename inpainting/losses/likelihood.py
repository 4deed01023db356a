"""Likelihood of sub-pixels under the softmax layers of a density model (section 6.2)."""

import math

import tensorflow as tf


def nats(*, logits, pixels):
    """−log p of the true value of each sub-pixel, the paper's L_softmax before its sum.

    logits: […, 3, 256]; pixels: int 0…255 […, 3]. Returns […, 3]: ln 256 = 5.55 for uniform logits.
    """
    if logits.shape[:-1].rank != pixels.shape.rank:
        raise ValueError(f"One logit vector a sub-pixel. Received: {logits.shape} for {pixels.shape}")
    return tf.nn.sparse_softmax_cross_entropy_with_logits(tf.cast(pixels, tf.int32), logits)


def bits(nats):
    """Nats as bits: 8 a sub-pixel for uniform logits over 256 levels."""
    return nats / math.log(2.0)
