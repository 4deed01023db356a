"""The generator: encoder, bottleneck and decoder assembled (Pathak et al. 2016, arXiv 1604.07379)."""

from tensorflow import keras

from models.blocks import conv_block
from models.decoder import decoder


def context_encoder(*, encoder, patch, bottleneck=512, decoder_filters=256, dropout=0.5):
    """An encoder of [B, S, S, 4] as a generator: [context, mask] -> prediction [B, S, S, 3].

    context: images in [-1, 1] with the hole filled, [B, S, S, 3]; mask: [B, S, S, 1], 1 = missing. The paper's
    inpainting is non-blind: the mask is an input. The bottleneck is a convolution over the whole last map of
    the encoder, a fully connected layer in effect. The decoder predicts the centred patch × patch square; the
    prediction is 0 outside it.
    """
    image_size = encoder.input_shape[1]
    last_map = encoder.output_shape[1]
    context = keras.Input((image_size, image_size, 3), name="context")
    mask = keras.Input((image_size, image_size, 1), name="mask")
    features = encoder(keras.layers.Concatenate(name="context_and_mask")([context, mask]))
    embedding = conv_block(
        features, bottleneck, kernel_size=last_map, padding="valid", dropout=dropout, name="bottleneck"
    )
    prediction = decoder(bottleneck=bottleneck, patch=patch, filters=decoder_filters, dropout=dropout)(
        embedding
    )
    before = (image_size - patch) // 2
    after = image_size - patch - before
    if before or after:
        padding = ((before, after), (before, after))
        prediction = keras.layers.ZeroPadding2D(padding, dtype="float32", name="prediction")(prediction)
    return keras.Model([context, mask], prediction, name="context_encoder")
