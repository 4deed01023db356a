"""The decoder: from the bottleneck to a square patch by strided transposed convolutions (section 4, 5.4)."""

import math

from tensorflow import keras

from models.blocks import conv, conv_transpose_block


def decoder(*, bottleneck=512, patch=16, filters=256, block=conv_transpose_block):
    """Bottleneck [B, 1, 1, bottleneck] -> float32 patch [B, patch, patch, 3] around [-1, 1], unbounded.

    A transposed convolution over the whole first map, then one of stride 2 for each doubling, filters halving:
    16 pixels: 1 -> 4×4×256 -> 8×8×128 -> 16×16×64 -> 16×16×3. A patch that is no such multiple is cropped from
    the next larger one. The last convolution is linear: L2 and the composite need no squashing.
    """
    doublings = max(round(math.log2(patch / 4)), 0)
    first = math.ceil(patch / 2**doublings)
    embedding = x = keras.Input((1, 1, bottleneck), name="bottleneck")
    x = block(x, filters, kernel_size=first, padding="valid", name=f"up{first}")
    for doubling in range(1, doublings + 1):
        width = max(filters // 2**doubling, 32)
        x = block(x, width, strides=2, name=f"up{first * 2**doubling}")
    x = conv(3, kernel_initializer="glorot_uniform", dtype="float32", name="patch")(x)
    excess = x.shape[1] - patch
    if excess:
        trim = (excess // 2, excess - excess // 2)
        x = keras.layers.Cropping2D((trim, trim), dtype="float32", name="crop")(x)
    return keras.Model(embedding, x, name="decoder")
