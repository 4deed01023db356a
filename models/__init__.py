"""The networks by name: models/NAME.py builds what inpainting/config describes under that name.

An encoder is the function NAME_encoder of its file, a critic NAME_critic, a density model NAME. This module
imports no TensorFlow before a network is built.
"""

import math
from functools import partial
from importlib import import_module


def build_generator(config):
    """The generator of a run: [context, mask] -> prediction, or a density model."""
    settings = config.generator.arguments()
    if config.method.family == "density":
        if config.generator.kind == "conditional_pixel_cnn":
            settings |= {"image_size": config.data.image_size, "patch": config.patch}
        return _builder(config.generator.kind)(**settings)
    build = _unet if config.generator.kind == "unet" else partial(_context_encoder, config.generator.kind)
    return build(image_size=config.data.image_size, patch=config.patch, **settings)


def build_adversary(config):
    """The critic of a WGAN or discriminator of a DCGAN: what it sees -> unbounded scores or logits [B]."""
    section = config.method.adversary_section
    return _builder(section.kind, "_critic")(image_size=config.seen, **section.arguments())


def trainable_parameters(network):
    """Number of trainable weights."""
    return sum(math.prod(weight.shape) for weight in network.trainable_variables)


def _builder(kind, part=""):
    return getattr(import_module(f"models.{kind}"), kind + part)


def _unet(*, batch_normalization, dropout, **settings):
    from models.blocks import conv_block
    from models.unet import unet

    block = partial(conv_block, batch_normalization=batch_normalization, dropout=dropout)
    return unet(block=block, **settings)


def _context_encoder(
    kind,
    *,
    image_size,
    patch,
    bottleneck,
    neck,
    decoder_filters,
    batch_normalization,
    dropout,
    drop_connect,
    **encoder_settings,
):
    from models.blocks import conv_block, conv_transpose_block
    from models.context_encoder import context_encoder

    options = {"batch_normalization": batch_normalization, "dropout": dropout}
    block = partial(conv_block, drop_connect=drop_connect, **options)
    return context_encoder(
        encoder=_builder(kind, "_encoder")(image_size=image_size, block=block, **encoder_settings),
        patch=patch,
        bottleneck=bottleneck,
        neck=neck,
        decoder_filters=decoder_filters,
        block=block,
        transpose_block=partial(conv_transpose_block, **options),
    )
