"""The plain networks: the baseline encoder of section 4 and the discriminator of section 5.1.

Encoder: [convolution, convolution, downsampling] × 3, all of size 3. The paper starts at 32 or 64 filters and
doubles them at each downsampling; from 32, a convolution of stride 2 that doubles them ends at the paper's
4×4×256:

    32 pixels:  32, 32, 64 (16×16) | 64, 64, 128 (8×8) | 128, 128, 256 (4×4)

Larger images take more such stages down to 4×4 (64 pixels four, 128 five), filters doubling up to 8 times the
first. With 2×2 max pooling in place of the strides the filters double behind it: 32 | 64 | 128.

Critic: six convolutions of size 3, every other of stride 2, then one to depth 1.

    32 pixels:  32, 64 (16×16) | 64, 128 (8×8) | 128, 256 (4×4) | 1
"""

import math
from functools import partial

from tensorflow import keras

from models.blocks import conv_block, critic_block, critic_score

LAST_MAP = 4  # pixels


def cnn_encoder(*, image_size=32, filters=32, pooling="stride", block=conv_block):
    """Context and mask, [B, image_size, image_size, 4] -> features, [B, 4, 4, 8 · filters].

    pooling: "stride" downsamples by convolutions of stride 2, "max" by 2×2 max pooling, with half the features.
    """
    inputs = x = keras.Input((image_size, image_size, 4), name="context_and_mask")
    for stage in range(1, max(round(math.log2(image_size / LAST_MAP)), 1) + 1):
        width = filters * min(2 ** (stage - 1), 8)
        x = block(x, width, name=f"stage{stage}_conv1")
        x = block(x, width, name=f"stage{stage}_conv2")
        if pooling == "max":
            x = keras.layers.MaxPooling2D(name=f"stage{stage}_pool")(x)
        else:
            x = block(x, min(2 * width, 8 * filters), strides=2, name=f"stage{stage}_down")
    return keras.Model(inputs, x, name="cnn_encoder")


def cnn_critic(*, image_size=32, filters=32, layer_normalization=None):
    """Images [B, image_size, image_size, 3] in [-1, 1] -> unbounded scores [B]."""
    block = partial(critic_block, layer_normalization=layer_normalization)
    image = x = keras.Input((image_size, image_size, 3), name="image")
    for stage in range(1, 4):
        width = filters * 2 ** (stage - 1)
        x = block(x, width, name=f"stage{stage}_conv1")
        x = block(x, 2 * width, strides=2, name=f"stage{stage}_conv2")
    return keras.Model(image, critic_score(x), name="cnn_critic")
