"""Inception-v3 trimmed for small images (Szegedy et al. 2015, arXiv 1512.00567, Table 1).

Inception-v3 brings a picture of 299 pixels down to 147, 73 and 35 by a stem of plain convolutions, and then
runs three kinds of modules at 35, 17 and 8 pixels (Figures 5, 6, 7), grid reductions between them (Figure 10).
Everything before the image's size is removed and the image is injected there, 32 pixels in place of 35 (section
5.1 of the paper):

    32 pixels:  [35, 17, 8]             as 32 -> 16 -> 8
    64 pixels:  [73, 35, 17, 8]         as 64 -> 32 -> 16 -> 8
    128 pixels: [147, 73, 35, 17, 8]    as 128 -> 64 -> 32 -> 16 -> 8

Kept are the modules' counts, 3, 4 and 2, and their branches. The filters are Inception-v3's times
`filters` / 512, an eighth by default, rounded to multiples of 16:

    35: 16 · 4 = 64       17: 32 · 4 = 128       8: 32 + 96 + 96 + 32 = 256

Any other number leaves the fast path of a CPU's batch normalisation (oneDNN): the exact eighths, 8, 12, 24 and
40, train three times slower with fewer weights.

Pooling with "same" borders, in place of "valid", makes 32 -> 16 -> 8 exact. The auxiliary classifier and the
head are dropped: the bottleneck takes their place.
"""

from functools import partial

from tensorflow import keras

from models.blocks import conv_block, critic_block, critic_score


def inception_encoder(*, image_size=32, filters=64, block=conv_block):
    """Context and mask, [B, S, S, 4] -> features, [B, 8, 8, 4 · filters] for S of 32, 64 and 128."""
    inputs = keras.Input((image_size, image_size, 4), name="context_and_mask")
    features = _inception_trunk(inputs, filters=filters, block=block)
    return keras.Model(inputs, features, name="inception_encoder")


def inception_critic(*, image_size=32, filters=64):
    """Images [B, image_size, image_size, 3] in [-1, 1] -> unbounded scores [B]."""
    image = keras.Input((image_size, image_size, 3), name="image")
    block = partial(critic_block, layer_normalization=True)
    features = _inception_trunk(image, filters=filters, block=block)
    return keras.Model(image, critic_score(features), name="inception_critic")


def _inception_trunk(x, *, filters, block):
    def branch(x, *convolutions, name):
        """Convolutions one after the other, each (filters of Inception-v3, kernel size, optionally strides)."""
        for index, (width, kernel_size, *strides) in enumerate(convolutions, 1):
            x = block(
                x,
                # Deviation: multiples of 16, see above.
                max(round(width * filters / 512 / 16), 1) * 16,
                kernel_size=kernel_size,
                strides=strides[0] if strides else 1,
                name=f"{name}_conv{index}",
            )
        return x

    if x.shape[1] >= 128:
        x = branch(x, (32, 3), (64, 3), name="stem147")
        x = keras.layers.MaxPooling2D(name="stem147_pool")(x)
    if x.shape[1] >= 64:
        x = branch(x, (80, 1), (192, 3), name="stem73")
        x = keras.layers.MaxPooling2D(name="stem73_pool")(x)
    for index, pool_width in enumerate((32, 64, 64), 1):
        x = _module35(x, pool_width, branch=branch, name=f"grid35_module{index}")
    x = _reduction17(x, branch=branch, name="reduction17")
    for index, width in enumerate((128, 160, 160, 192), 1):
        x = _module17(x, width, branch=branch, name=f"grid17_module{index}")
    x = _reduction8(x, branch=branch, name="reduction8")
    for index in (1, 2):
        x = _module8(x, branch=branch, name=f"grid8_module{index}")
    return x


def _module35(x, pool_width, *, branch, name):
    """Figure 5, with the published model's one 5×5 kept as it is."""
    return _concatenate(
        branch(x, (64, 1), name=f"{name}_1x1"),
        branch(x, (48, 1), (64, 5), name=f"{name}_5x5"),
        branch(x, (64, 1), (96, 3), (96, 3), name=f"{name}_3x3_twice"),
        branch(_average(x, name), (pool_width, 1), name=f"{name}_pool"),
        name=name,
    )


def _reduction17(x, *, branch, name):
    """Figure 10."""
    return _concatenate(
        branch(x, (384, 3, 2), name=f"{name}_3x3"),
        branch(x, (64, 1), (96, 3), (96, 3, 2), name=f"{name}_3x3_twice"),
        keras.layers.MaxPooling2D(3, 2, padding="same", name=f"{name}_max")(x),
        name=name,
    )


def _module17(x, width, *, branch, name):
    """Figure 6: 7×7 as 1×7 and 7×1."""
    row, column = (1, 7), (7, 1)
    return _concatenate(
        branch(x, (192, 1), name=f"{name}_1x1"),
        branch(x, (width, 1), (width, row), (192, column), name=f"{name}_7x7"),
        branch(
            x,
            (width, 1),
            (width, column),
            (width, row),
            (width, column),
            (192, row),
            name=f"{name}_7x7_twice",
        ),
        branch(_average(x, name), (192, 1), name=f"{name}_pool"),
        name=name,
    )


def _reduction8(x, *, branch, name):
    return _concatenate(
        branch(x, (192, 1), (320, 3, 2), name=f"{name}_3x3"),
        branch(x, (192, 1), (192, (1, 7)), (192, (7, 1)), (192, 3, 2), name=f"{name}_7x7_3x3"),
        keras.layers.MaxPooling2D(3, 2, padding="same", name=f"{name}_max")(x),
        name=name,
    )


def _module8(x, *, branch, name):
    """Figure 7: wide rather than deep."""
    one = branch(x, (384, 1), name=f"{name}_3x3")
    two = branch(x, (448, 1), (384, 3), name=f"{name}_3x3_twice")
    return _concatenate(
        branch(x, (320, 1), name=f"{name}_1x1"),
        branch(one, (384, (1, 3)), name=f"{name}_3x3_row"),
        branch(one, (384, (3, 1)), name=f"{name}_3x3_column"),
        branch(two, (384, (1, 3)), name=f"{name}_3x3_twice_row"),
        branch(two, (384, (3, 1)), name=f"{name}_3x3_twice_column"),
        branch(_average(x, name), (192, 1), name=f"{name}_pool"),
        name=name,
    )


def _average(x, name):
    return keras.layers.AveragePooling2D(3, 1, padding="same", name=f"{name}_average")(x)


def _concatenate(*branches, name):
    return keras.layers.Concatenate(name=name)(list(branches))
