"""A fully convolutional generator with skip connections (the paper's reference 7; Ronneberger et al. 2015).

    space to depth: [B, H / 2, W / 2, 16] | level 1: filters | level 2, half as large: 2 · filters | …

and up again: a level's map is doubled, joined with that of the way down, and goes through one more residual
block (He et al. 2015, arXiv 1512.03385). Level n has n · blocks of them on the way down. Nothing
is computed at full size: the half-size map holds all of the picture's values, and the last convolution predicts
2×2 pixels a place.

Any image size: pictures are padded to what the halvings need and the prediction is cropped back. Where a
centred square alone is wanted, the way up computes its places and MARGIN more on each side.
"""

from tensorflow import keras

from models.blocks import Crop, DepthToSpace, PadTo, SpaceToDepth, conv, conv_block

MARGIN = 2  # places of a map beside those of the square that is predicted


def unet(
    *,
    image_size,
    patch,
    filters=64,
    levels=3,
    blocks=1,
    residual=False,
    features=None,
    block=conv_block,
):
    """[context, mask] -> prediction [B, H, W, 3], float32 around [-1, 1], unbounded.

    context: [B, H, W, 3] in [-1, 1] with the hole filled; mask: [B, H, W, 1]. patch: side of the centred square
    that is predicted, with 0 outside of it, in pictures of image_size × image_size; image_size itself: all of a
    picture, which may have any size. residual: what is predicted is added to the context, of which an untrained
    network's prediction is a copy. features: what is predicted is no picture but so many numbers a pixel,
    [B, H, W, features], for another network to read.
    """
    whole = patch >= image_size
    sides = (None, None) if whole else (image_size, image_size)
    context, mask = keras.Input((*sides, 3), name="context"), keras.Input((*sides, 1), name="mask")
    x = keras.layers.Concatenate(name="context_and_mask")([context, mask])
    if whole:
        x = PadTo(2**levels, name="pad")(x)
    x = SpaceToDepth(2, name="space_to_depth")(x)

    def around_the_patch(x, level):
        """The places of a level's map that the way up needs, as many on each side of the square."""
        if whole:
            return x
        cells = -(-patch // 2 ** (level + 1)) * 2 + 2 * MARGIN + x.shape[1] % 2
        return x if cells >= x.shape[1] else _center(x, cells)

    skips = []
    for level in range(1, levels + 1):
        width = filters * 2 ** (level - 1)
        x = block(x, width, strides=1 if level == 1 else 2, name=f"down{level}")
        for index in range(1, blocks * level + 1):
            x = _residual(x, block=block, name=f"down{level}_block{index}")
        skips.append(x)
    for level in range(levels - 1, 0, -1):
        width = filters * 2 ** (level - 1)
        x = conv(4 * width, kernel_size=1, name=f"up{level}_widen")(around_the_patch(x, level + 1))
        x = around_the_patch(DepthToSpace(2, name=f"up{level}")(x), level)
        skip = around_the_patch(skips[level - 1], level)
        skip = skip if whole or skip.shape[1] == x.shape[1] else _center(skip, x.shape[1])
        x = keras.layers.Concatenate(name=f"up{level}_skip")([x, skip])
        x = _residual(block(x, width, name=f"up{level}_join"), block=block, name=f"up{level}_block")
    if features is None:
        initializer = "zeros" if residual else "glorot_uniform"
        x = conv(12, kernel_initializer=initializer, dtype="float32", name="pixels")(x)
    else:
        x = block(x, 4 * features, name="features")
    x = DepthToSpace(2, dtype=x.dtype, name="depth_to_space")(x)
    x = Crop(dtype=x.dtype, name="crop")([x, context]) if whole else _center(x, patch)
    if residual:
        x = keras.layers.Add(dtype=x.dtype, name="correction")(
            [x, context if whole else _center(context, patch)]
        )
    if not whole:
        before = (image_size - patch) // 2
        padding = (before, image_size - patch - before)
        x = keras.layers.ZeroPadding2D((padding, padding), dtype=x.dtype, name="prediction")(x)
    return keras.Model([context, mask], x, name="unet")


def _residual(x, *, block, name):
    """x + two convolutions of it, whose last normalisation starts at 0: the block starts as nothing."""
    y = block(x, x.shape[-1], name=f"{name}_conv1")
    return block(y, x.shape[-1], shortcut=x, gamma_initializer="zeros", name=f"{name}_conv2")


def _center(x, cells):
    excess = x.shape[1] - cells
    trim = (excess // 2, excess - excess // 2)
    return keras.layers.Cropping2D((trim, trim), dtype=x.dtype)(x)
