"""The generator: encoder, bottleneck and decoder assembled (Pathak et al. 2016, arXiv 1604.07379)."""

from tensorflow import keras

from models.blocks import conv_block, conv_transpose_block
from models.decoder import decoder


def context_encoder(
    *,
    encoder,
    patch,
    bottleneck=512,
    neck="conv",
    decoder_filters=256,
    block=conv_block,
    transpose_block=conv_transpose_block,
):
    """An encoder of [B, S, S, 4] as a generator: [context, mask] -> prediction [B, S, S, 3].

    context: images in [-1, 1] with the hole filled, [B, S, S, 3]; mask: [B, S, S, 1], 1 = missing. The paper's
    inpainting is non-blind: the mask is an input. The decoder predicts the centred patch × patch square; the
    prediction is 0 outside it. neck: the way from the encoder's last map to the bottleneck, see `_embed`.
    block, transpose_block: what the (transposed) convolutions of the bottleneck and the decoder come with.
    """
    image_size = encoder.input_shape[1]
    context = keras.Input((image_size, image_size, 3), name="context")
    mask = keras.Input((image_size, image_size, 1), name="mask")
    # Deviation: the hole's position comes as a channel of its own; the paper does not say how it is known.
    features = encoder(keras.layers.Concatenate(name="context_and_mask")([context, mask]))
    embedding = _embed(features, bottleneck, neck=neck, block=block)
    prediction = decoder(bottleneck=bottleneck, patch=patch, filters=decoder_filters, block=transpose_block)(
        embedding
    )
    before = (image_size - patch) // 2
    after = image_size - patch - before
    if before or after:
        padding = ((before, after), (before, after))
        prediction = keras.layers.ZeroPadding2D(padding, dtype="float32", name="prediction")(prediction)
    return keras.Model([context, mask], prediction, name="context_encoder")


def _embed(features, bottleneck, *, neck, block):
    """The encoder's last map [B, M, M, C] -> [B, 1, 1, bottleneck] (section 4).

    "conv": one convolution over the whole map, the paper's "stride 4 operation" over 4×4. "two_convs": one of
    size 3 and stride 2, then one over the rest. "dense": two fully connected layers, written as convolutions:
    the one over the whole map and one of size 1.
    """

    def whole_map(x, name):
        return block(x, bottleneck, kernel_size=x.shape[1], padding="valid", name=name)

    if neck == "two_convs":
        features = block(features, bottleneck, strides=2, name="bottleneck_conv1")
    elif neck == "dense":
        features = whole_map(features, "bottleneck_dense1")
    return whole_map(features, "bottleneck")
