"""ResNet-18 trimmed for small images (He et al. 2015, arXiv 1512.03385, Table 1, 18-layer column).

ResNet-18 runs a 7×7 convolution at 112 pixels, pooling to 56, and four stages of two residual blocks (two 3×3
convolutions each) at 56, 28, 14 and 7 pixels with 64, 128, 256 and 512 filters. The stages above the image size
are removed and the image is injected into the first that is left, 32 pixels in place of 28 (section 5.1 of the
paper), by a 3×3 convolution to that stage's filters:

    32 pixels:  [28, 14, 7]            as 32 -> 16 -> 8
    64 pixels:  [56, 28, 14, 7]        as 64 -> 32 -> 16 -> 8
    128 pixels: [112, 56, 28, 14, 7]   as 128 -> 64 -> 32 -> 16 -> 8, the 112 stage a 3×3 convolution, pooling

The last stage has `filters`, 128 by default, and each before it half of the next: 32, 64 and 128 for 32 pixels,
a quarter of ResNet-18's. Global pooling and the classifier are dropped: the bottleneck takes their place. A
block that halves the map has a 1×1 convolution of stride 2 as its shortcut (option B).
"""

from functools import partial

from tensorflow import keras

from models.blocks import conv_block, critic_block, critic_score

STAGES = (56, 28, 14, 7)  # pixels
BLOCKS = 2  # a stage


def resnet_encoder(*, image_size=32, filters=128, block=conv_block):
    """Context and mask, [B, image_size, image_size, 4] -> features, [B, 8, 8, filters] at 32, 64 and 128."""
    inputs = keras.Input((image_size, image_size, 4), name="context_and_mask")
    return keras.Model(inputs, _resnet_trunk(inputs, filters=filters, block=block), name="resnet_encoder")


def resnet_critic(*, image_size=32, filters=128):
    """Images [B, image_size, image_size, 3] in [-1, 1] -> unbounded scores [B]."""
    image = keras.Input((image_size, image_size, 3), name="image")
    block = partial(critic_block, layer_normalization=True)
    features = _resnet_trunk(image, filters=filters, block=block)
    return keras.Model(image, critic_score(features), name="resnet_critic")


def _resnet_trunk(x, *, filters, block):
    """The stages that fit the map x, at least the last three."""
    pixels_at_most = max(x.shape[1], STAGES[-3])
    stages = [stage for stage, pixels in enumerate(STAGES) if pixels <= pixels_at_most]
    widths = [max(filters // 2 ** (len(STAGES) - 1 - stage), 8) for stage in stages]
    x = block(x, widths[0], name="stem")
    if x.shape[1] >= 112:
        x = keras.layers.MaxPooling2D(name="stem_pool")(x)
    for stage, width in zip(stages, widths, strict=True):
        for index in range(1, BLOCKS + 1):
            strides = 2 if index == 1 and stage != stages[0] else 1
            x = _residual_block(x, width, strides=strides, block=block, name=f"stage{stage + 2}_block{index}")
    return x


def _residual_block(x, width, *, strides, block, name):
    shortcut = x
    if strides > 1:
        shortcut = block(x, width, kernel_size=1, strides=strides, activate=False, name=f"{name}_shortcut")
    x = block(x, width, strides=strides, name=f"{name}_conv1")
    return block(x, width, shortcut=shortcut, name=f"{name}_conv2")
