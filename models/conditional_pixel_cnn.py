"""A Pixel CNN that sees the whole context: p(hole pixel | earlier hole pixels, the masked image and its mask).

The paper names the weakness of raster order itself (section 6.2): what lies right of and below the hole is not
used. Here the U-Net of models/unet.py reads the masked image and the mask and describes every pixel that may be
missing by `features` numbers. They enter the Pixel CNN beside its zone, which holds the pixels nearest before
the predicted one:

    with r = context // 2 + 1:  r rows above, columns −r … +r, and r pixels to the left

Without the earlier hole pixels and the pixel's own earlier colours the network gives p(sub-pixel | context),
whose mean is the completion of least squared error: `marginal_logits_at`.
"""

import numpy as np
import tensorflow as tf

from inpainting.pixels import COLOURS, to_float
from models.pixel_cnn import PixelCNN
from models.unet import unet


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
        return self.describing([to_float(pixels) * (1 - mask), mask], training=training)

    def marginal_logits_at(self, pixels, where, *, mask, description, training=False):
        """Logits [N, 3, 256] of the pixels `where` given the context alone: of each sub-pixel by itself."""
        seen = {"visible": 1 - mask, "description": description, "training": training}
        hidden = self.hidden_at(pixels, where, **seen)
        return tf.stack([self.head(colour, hidden) for colour in range(COLOURS)], 1)

    def call(self, inputs, training=False):
        pixels, mask = inputs
        description = self.describe(pixels, mask, training=training)
        return self.logits_everywhere(pixels, description=description, training=training)


def conditional_pixel_cnn(
    *,
    image_size,
    patch,
    filters=48,
    levels=3,
    blocks=1,
    features=64,
    context=5,
    units=256,
    layers=2,
    dropout=0.0,
):
    """The network of ConditionalPixelCNN around a U-Net of these filters, levels and blocks.

    patch: side of the centred square in which holes are, in pictures of image_size × image_size.
    """
    return ConditionalPixelCNN(
        describe=unet(
            image_size=image_size,
            patch=patch,
            filters=filters,
            levels=levels,
            blocks=blocks,
            features=features,
        ),
        offsets=causal_offsets(context // 2 + 1),
        units=units,
        layers=layers,
        dropout=dropout,
        name="conditional_pixel_cnn",
    )
