"""The networks by name: a new one is a builder in its own file and a line here.

This module imports no TensorFlow before a network is built, so that the command line knows all names at once.
"""

import math
from dataclasses import dataclass
from functools import partial
from importlib import import_module


@dataclass(frozen=True)
class Network:
    """A builder, "module:function", the sizes it has by default, and the settings it takes besides.

    filters: of an encoder or critic, and of the U-Net of the conditional Pixel CNN: see each file. units,
    layers: of a density model. settings: names of fields of Config.
    """

    builder: str
    filters: int | None = None
    units: int | None = None
    layers: int | None = None
    settings: tuple = ()

    def __call__(self, **arguments):
        module, function = self.builder.split(":")
        return getattr(import_module(module), function)(**arguments)


# Deviation: fewer filters than the published networks have.
ENCODERS = {
    "cnn": Network("models.cnn:cnn_encoder", filters=32, settings=("pooling",)),
    "vgg": Network("models.vgg:vgg_encoder", filters=64),
    "inception": Network("models.inception:inception_encoder", filters=64),
    "resnet": Network("models.resnet:resnet_encoder", filters=128),
}
CRITICS = {
    "cnn": Network("models.cnn:cnn_critic", filters=32),
    "vgg": Network("models.vgg:vgg_critic", filters=128),
    "inception": Network("models.inception:inception_critic", filters=64),
    "resnet": Network("models.resnet:resnet_critic", filters=128),
}
# Deviation: the published Row LSTM and Diagonal BiLSTM have up to 12 layers.
DENSITY = {
    "pixel_cnn": Network(
        "models.pixel_cnn:pixel_cnn", units=256, layers=3, settings=("context", "dropout", "directions")
    ),
    "row_lstm": Network("models.row_lstm:row_lstm", units=48, layers=4),
    "diagonal_bilstm": Network("models.diagonal_bilstm:diagonal_bilstm", units=48, layers=3),
    "flattened_row_lstm": Network(
        "models.flattened_row_lstm:flattened_row_lstm", units=64, layers=1, settings=("directions",)
    ),
    "conditional_pixel_cnn": Network(
        "models.conditional_pixel_cnn:conditional_pixel_cnn",
        filters=32,
        units=256,
        layers=2,
        settings=("context", "dropout", "image_size", "filters"),
    ),
}


def generator_network(config):
    """The line of the registry that a config's generator is built from."""
    return DENSITY[config.model] if config.method == "density" else ENCODERS[config.encoder]


def build_generator(config):
    """The generator of a run: [context, mask] -> prediction (models/context_encoder.py), or a density model."""
    network = generator_network(config)
    own = {name: getattr(config, name) for name in network.settings}
    if config.method == "density":
        return network(units=config.units, layers=config.layers, **own)
    from models.blocks import conv_block, conv_transpose_block
    from models.context_encoder import context_encoder

    options = {"batch_normalization": config.batch_normalization, "dropout": config.dropout}
    block = partial(conv_block, drop_connect=config.drop_connect, **options)
    return context_encoder(
        encoder=network(image_size=config.image_size, filters=config.filters, block=block, **own),
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
