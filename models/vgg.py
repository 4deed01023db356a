"""VGG-16 trimmed for small images (Simonyan & Zisserman 2014, arXiv 1409.1556, Table 1, column D).

VGG-16 runs five stages of 2, 2, 3, 3, 3 convolutions of size 3 at 224, 112, 56, 28 and 14 pixels, each
followed by 2×2 max pooling. The stages above the image size are removed and the image is injected into the
first that is left, 32 pixels in place of 28 (section 5.1 of the paper):

    32 pixels:  [28, 14]           as 32 -> 16 -> 8
    64 pixels:  [56, 28, 14]       as 64 -> 32 -> 16 -> 8
    128 pixels: [112, 56, 28, 14]  as 128 -> 64 -> 32 -> 16 -> 8

The last map is 8×8 (VGG's is 7×7); smaller images go through the same two stages as 32 pixels. VGG doubles its
filters from stage to stage up to 512; here the last stage has `filters`, 64 by default, and each stage before
it half of the next: 32 and 64 for 32 pixels. The fully connected layers are dropped: the bottleneck takes their
place.
"""

from functools import partial

from tensorflow import keras

from models.blocks import conv_block, critic_block, critic_score

STAGES = ((224, 2), (112, 2), (56, 3), (28, 3), (14, 3))  # pixels, convolutions


def vgg_encoder(*, image_size=32, filters=64, block=conv_block):
    """Context and mask, [B, image_size, image_size, 4] -> features, [B, 8, 8, filters] at 32, 64 and 128."""
    inputs = keras.Input((image_size, image_size, 4), name="context_and_mask")
    return keras.Model(inputs, _vgg_trunk(inputs, filters=filters, block=block), name="vgg_encoder")


def vgg_critic(*, image_size=32, filters=128, layer_normalization=None):
    """Images [B, image_size, image_size, 3] in [-1, 1] -> unbounded scores [B]."""
    image = keras.Input((image_size, image_size, 3), name="image")
    block = partial(critic_block, layer_normalization=layer_normalization)
    features = _vgg_trunk(image, filters=filters, block=block)
    return keras.Model(image, critic_score(features), name="vgg_critic")


def _vgg_trunk(x, *, filters, block):
    """The stages that fit the map x, at least the last two."""
    pixels_at_most = max(x.shape[1], STAGES[-2][0])
    stages = [(stage, count) for stage, (pixels, count) in enumerate(STAGES, 1) if pixels <= pixels_at_most]
    for stage, convolutions in stages:
        width = max(filters // 2 ** (len(STAGES) - stage), 8)
        for index in range(1, convolutions + 1):
            x = block(x, width, name=f"stage{stage}_conv{index}")
        x = keras.layers.MaxPooling2D(name=f"stage{stage}_pool")(x)
    return x
