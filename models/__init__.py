"""The networks by name. A new one is a builder in its own file and a line here."""

import math
from functools import partial

from models.blocks import conv_block, conv_transpose_block
from models.cnn import cnn_critic, cnn_encoder
from models.context_encoder import context_encoder
from models.inception import inception_critic, inception_encoder
from models.resnet import resnet_critic, resnet_encoder
from models.vgg import vgg_critic, vgg_encoder

ENCODERS = {"cnn": cnn_encoder, "vgg": vgg_encoder, "inception": inception_encoder, "resnet": resnet_encoder}
CRITICS = {"cnn": cnn_critic, "vgg": vgg_critic, "inception": inception_critic, "resnet": resnet_critic}


def build_generator(config):
    """The generator of a run: [context, mask] -> prediction (models/context_encoder.py)."""
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


def build_critic(config):
    """The critic of a WGAN or discriminator of a DCGAN: what it sees -> unbounded scores or logits [B]."""
    size = config.hole if config.discriminator_sees == "hole" else config.image_size
    return CRITICS[config.critic](image_size=size, filters=config.critic_filters)


def trainable_parameters(network):
    """Number of trainable weights."""
    return sum(math.prod(weight.shape) for weight in network.trainable_variables)
