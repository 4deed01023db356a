"""The networks by name. A new one is a builder in its own file and a line here."""

import math

from models.cnn import cnn_critic
from models.context_encoder import context_encoder
from models.vgg import vgg_critic, vgg_encoder

ENCODERS = {"vgg": vgg_encoder}
CRITICS = {"cnn": cnn_critic, "vgg": vgg_critic}


def build_generator(config):
    """The generator of a run: [context, mask] -> prediction (models/context_encoder.py)."""
    encoder = ENCODERS[config.encoder](
        image_size=config.image_size, filters=config.filters, dropout=config.dropout
    )
    return context_encoder(
        encoder=encoder,
        patch=config.patch,
        bottleneck=config.bottleneck,
        decoder_filters=config.decoder_filters,
        dropout=config.dropout,
    )


def build_critic(config):
    """The critic of an adversarial run: images -> unbounded scores [B]."""
    return CRITICS[config.critic](image_size=config.image_size, filters=config.critic_filters)


def trainable_parameters(network):
    """Number of trainable weights."""
    return sum(math.prod(weight.shape) for weight in network.trainable_variables)
