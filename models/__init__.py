"""The networks by name. A new one is a builder in its own file and a line here."""

import math
from functools import partial

from models.blocks import conv_block, conv_transpose_block
from models.cnn import cnn_critic, cnn_encoder
from models.conditional_pixel_cnn import conditional_pixel_cnn
from models.context_encoder import context_encoder
from models.diagonal_bilstm import diagonal_bilstm
from models.flattened_row_lstm import flattened_row_lstm
from models.inception import inception_critic, inception_encoder
from models.pixel_cnn import pixel_cnn
from models.resnet import resnet_critic, resnet_encoder
from models.row_lstm import row_lstm
from models.vgg import vgg_critic, vgg_encoder

ENCODERS = {"cnn": cnn_encoder, "vgg": vgg_encoder, "inception": inception_encoder, "resnet": resnet_encoder}
CRITICS = {"cnn": cnn_critic, "vgg": vgg_critic, "inception": inception_critic, "resnet": resnet_critic}
DENSITY = {
    "pixel_cnn": pixel_cnn,
    "row_lstm": row_lstm,
    "diagonal_bilstm": diagonal_bilstm,
    "flattened_row_lstm": flattened_row_lstm,
    "conditional_pixel_cnn": conditional_pixel_cnn,
}


def build_generator(config):
    """The generator of a run: [context, mask] -> prediction (models/context_encoder.py), or a density model."""
    if config.method == "density":
        return _build_density_model(config)
    options = {"batch_normalization": config.batch_normalization, "dropout": config.dropout}
    block = partial(conv_block, drop_connect=config.drop_connect, **options)
    pooling = {"pooling": config.pooling} if config.encoder == "cnn" else {}
    encoder = ENCODERS[config.encoder](
        image_size=config.image_size, filters=config.filters, block=block, **pooling
    )
    return context_encoder(
        encoder=encoder,
        patch=config.patch,
        bottleneck=config.bottleneck,
        neck=config.neck,
        decoder_filters=config.decoder_filters,
        block=block,
        transpose_block=partial(conv_transpose_block, **options),
    )


def _build_density_model(config):
    zone = {"context": config.context, "dropout": config.dropout}
    options = {
        "pixel_cnn": zone,
        "row_lstm": {},
        "diagonal_bilstm": {},
        "flattened_row_lstm": {"directions": config.directions},
        "conditional_pixel_cnn": {**zone, "image_size": config.image_size, "filters": config.filters},
    }
    return DENSITY[config.model](units=config.units, layers=config.layers, **options[config.model])


def build_critic(config):
    """The critic of a WGAN or discriminator of a DCGAN: what it sees -> unbounded scores or logits [B]."""
    size = config.hole if config.discriminator_sees == "hole" else config.image_size
    return CRITICS[config.critic](image_size=size, filters=config.critic_filters)


def trainable_parameters(network):
    """Number of trainable weights."""
    return sum(math.prod(weight.shape) for weight in network.trainable_variables)
