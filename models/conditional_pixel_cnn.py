"""A Pixel CNN that sees the whole context: p(hole pixel | earlier hole pixels, the masked image and its mask).

The paper names the weakness of raster order itself (section 6.2): what lies right of and below the hole is not
used. Here a network with skip connections (Ronneberger et al. 2015, arXiv 1505.04597) reads the masked image
and the mask and describes every pixel by `features` numbers. They enter the Pixel CNN beside its zone, which
holds the pixels nearest before the predicted one:

    with r = context // 2 + 1:  r rows above, columns −r … +r, and r pixels to the left

Without the earlier hole pixels and the pixel's own earlier colours the network gives p(sub-pixel | context),
whose mean is the completion of least squared error: `marginal_logits_at`.
"""

import numpy as np
import tensorflow as tf
from tensorflow import keras

from inpainting.pixels import COLOURS, to_float
from models.blocks import conv_block, conv_transpose_block
from models.pixel_cnn import PixelCNN


def causal_offsets(reach):
    """The pixels before the predicted one in raster order, at most `reach` rows and columns away, [n, 2]."""
    rows, columns = np.arange(-reach, 1), np.arange(-reach, reach + 1)
    offsets = np.stack(np.meshgrid(rows, columns, indexing="ij"), -1).reshape(-1, 2)
    return offsets[(offsets[:, 0] < 0) | (offsets[:, 1] < 0)]


class ConditionalPixelCNN(PixelCNN):
    """[int pixels 0…255 [B, H, W, 3], mask [B, H, W, 1]] -> logits [B, H, W, 3, 256].

    Only those of hole pixels mean anything: the describing network sees the known ones.
    """

    conditional = True

    def __init__(self, *, describe, **kwargs):
        super().__init__(features=describe.output_shape[-1], **kwargs)
        self.describing = describe

    def describe(self, pixels, mask, training=False):
        """What the whole context says of every pixel, [B, H, W, features]. Hole pixels are not looked at."""
        mask = tf.cast(mask, tf.float32)  # under mixed precision Keras hands it over in 16 bits
        context = to_float(pixels) * (1 - mask)
        return self.describing(tf.concat([context, mask], -1), training=training)

    def marginal_logits_at(self, pixels, where, *, mask, description, training=False):
        """Logits [N, 3, 256] of the pixels `where` given the context alone: of each sub-pixel by itself."""
        seen = {"visible": 1 - mask, "description": description, "training": training}
        hidden = self.hidden_at(pixels, where, **seen)
        return tf.stack([self.head(colour, hidden) for colour in range(COLOURS)], 1)

    def call(self, inputs, training=False):
        pixels, mask = inputs
        description = self.describe(pixels, mask, training=training)
        return self.logits_everywhere(pixels, description=description, training=training)


def u_net(*, image_size, filters, features):
    """Context and mask [B, S, S, 4] -> features [B, S, S, features]: down to S / 8 and up again, with skips."""
    inputs = keras.Input((image_size, image_size, 4), name="context_and_mask")
    x = conv_block(inputs, filters, name="down0_conv1")
    skips = []
    for level in range(1, 4):
        x = conv_block(x, filters, name=f"down{level}_conv0")
        skips.append(x)
        filters *= 2
        x = conv_block(x, filters, strides=2, name=f"down{level}_conv1")
        x = conv_block(x, filters, name=f"down{level}_conv2")
    for level, skip in zip((3, 2, 1), reversed(skips), strict=True):
        filters //= 2
        x = conv_transpose_block(x, filters, strides=2, name=f"up{level}_conv1")
        x = keras.layers.Concatenate(name=f"up{level}_skip")([x, skip])
        x = conv_block(x, filters, name=f"up{level}_conv2")
    x = conv_block(x, features, name="description")
    return keras.Model(inputs, x, name="u_net")


def conditional_pixel_cnn(
    *, image_size=32, filters=32, features=64, context=5, units=256, layers=2, dropout=0.0
):
    """The network of ConditionalPixelCNN around a U-Net of `filters` filters at full size."""
    return ConditionalPixelCNN(
        describe=u_net(image_size=image_size, filters=filters, features=features),
        offsets=causal_offsets(context // 2 + 1),
        units=units,
        layers=layers,
        dropout=dropout,
        name="conditional_pixel_cnn",
    )
