"""A critic of the patches that a hole has a part in (Isola et al. 2016, arXiv 1611.07004, section 3.2).

    [image, mask] | filters at half the size | 2 · filters at a quarter | 3 · filters at an eighth | score

Fully convolutional: a place, 8×8 pixels, is scored by the 59×59 pixels around it, which reach from the middle
of a large hole to what is known: a texture that belongs into one picture does not belong into another. The
score of an image is the mean over the places that touch its hole: elsewhere real and completed images are the
same.
"""

from functools import partial

import tensorflow as tf
from tensorflow import keras

from models.blocks import conv, critic_block


@keras.utils.register_keras_serializable("inpainting")
class MeanOverHole(keras.layers.Layer):
    """Mean of a map [B, h, w, 1] over the places that touch the hole of a mask [B, H, W, 1], H ≥ h: [B].

    0 where there is no hole.
    """

    def call(self, inputs):
        scores, mask = inputs
        window = [-(-mask.shape[axis] // scores.shape[axis]) for axis in (1, 2)]
        touching = tf.nn.max_pool2d(mask, window, window, "SAME")
        total = tf.reduce_sum(scores * touching, axis=[1, 2, 3])
        return total / tf.maximum(tf.reduce_sum(touching, axis=[1, 2, 3]), 1.0)


def patch_critic(*, image_size=96, filters=48, layer_normalization=None):
    """Images [B, S, S, 3] in [-1, 1] and masks [B, S, S, 1], S = image_size -> unbounded scores [B]."""
    block = partial(critic_block, layer_normalization=layer_normalization)
    image = keras.Input((image_size, image_size, 3), name="image")
    mask = keras.Input((image_size, image_size, 1), name="mask")
    x = keras.layers.Concatenate(name="image_and_mask")([image, mask])
    for stage in (1, 2, 3):
        x = block(x, stage * filters, strides=2, name=f"stage{stage}_conv1")
        x = block(x, stage * filters, name=f"stage{stage}_conv2")
    # float32: the Wasserstein estimate is a small difference of large means.
    x = conv(1, dtype="float32", name="score")(x)
    return keras.Model(
        [image, mask], MeanOverHole(dtype="float32", name="score_mean")([x, mask]), name="patch_critic"
    )
