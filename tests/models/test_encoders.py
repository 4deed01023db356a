"""What is left of the published networks for small images. Their sizes are in test_sizes.py."""

from importlib import import_module

import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from inpainting.config.critics import CRITICS
from models.blocks import LeakyReLU
from models.cnn import cnn_critic, cnn_encoder
from models.inception import inception_encoder
from models.resnet import resnet_encoder
from models.vgg import vgg_encoder


def layers(network, kind):
    return [layer for layer in network.layers if isinstance(layer, kind)]


def test_vgg_encoder_is_vgg_16_from_28_pixels_on():
    encoder = vgg_encoder(image_size=32, filters=64)
    convolutions = layers(encoder, keras.layers.Conv2D)
    assert [layer.name for layer in convolutions] == [f"stage{s}_conv{i}" for s in (4, 5) for i in (1, 2, 3)]
    assert [layer.filters for layer in convolutions] == [32] * 3 + [64] * 3
    assert encoder.output_shape == (None, 8, 8, 64)


@pytest.mark.parametrize(("image_size", "stages"), [(16, [4, 5]), (64, [3, 4, 5])])
def test_vgg_keeps_the_stages_that_fit(image_size, stages):
    pools = layers(vgg_encoder(image_size=image_size, filters=16), keras.layers.MaxPooling2D)
    assert [layer.name for layer in pools] == [f"stage{stage}_pool" for stage in stages]


def test_cnn_encoder_is_the_paper_s_baseline():
    encoder = cnn_encoder(image_size=32, filters=32)
    convolutions = layers(encoder, keras.layers.Conv2D)
    assert [layer.filters for layer in convolutions] == [32, 32, 64, 64, 64, 128, 128, 128, 256]
    assert [layer.strides[0] for layer in convolutions] == [1, 1, 2] * 3
    assert all(layer.kernel_size == (3, 3) for layer in convolutions)
    assert encoder.output_shape == (None, 4, 4, 256)


def test_cnn_encoder_with_max_pooling():
    encoder = cnn_encoder(image_size=32, filters=64, pooling="max")
    assert len(layers(encoder, keras.layers.MaxPooling2D)) == 3
    convolutions = layers(encoder, keras.layers.Conv2D)
    assert [layer.filters for layer in convolutions] == [64, 64, 128, 128, 256, 256]
    assert encoder.output_shape == (None, 4, 4, 256)


def test_resnet_encoder_is_resnet_18_from_28_pixels_on():
    encoder = resnet_encoder(image_size=32, filters=128)
    additions = [layer.name for layer in layers(encoder, keras.layers.Add)]
    assert additions == [f"stage{stage}_block{index}_conv2_add" for stage in (3, 4, 5) for index in (1, 2)]
    assert encoder.output_shape == (None, 8, 8, 128)


def test_inception_encoder_is_inception_v3_from_35_pixels_on():
    encoder = inception_encoder(image_size=32, filters=64)
    joins = [tuple(layer.output.shape[1:]) for layer in layers(encoder, keras.layers.Concatenate)]
    assert joins == [
        *[(32, 32, 64)] * 3,  # 16 · 4
        (16, 16, 128),  # 48 + 16 + 64
        *[(16, 16, 128)] * 4,  # 32 · 4
        (8, 8, 192),  # 32 + 32 + 128
        *[(8, 8, 256)] * 2,  # 32 + 4 · 48 + 32
    ]


@pytest.mark.parametrize(
    ("encoder", "shape"),
    [
        (cnn_encoder, (4, 4, 64)),
        (vgg_encoder, (8, 8, 8)),
        (inception_encoder, (8, 8, 96)),  # six branches of 16, the least
        (resnet_encoder, (8, 8, 8)),
    ],
)
def test_larger_images_end_at_the_same_map(encoder, shape):
    assert encoder(image_size=128, filters=8).output_shape == (None, *shape)


def test_cnn_critic_is_the_paper_s():
    critic = cnn_critic(image_size=32, filters=32)
    convolutions = layers(critic, keras.layers.Conv2D)
    assert [layer.filters for layer in convolutions] == [32, 64, 64, 128, 128, 256, 1]
    assert [layer.strides[0] for layer in convolutions] == [1, 2, 1, 2, 1, 2, 1]
    assert all(layer.kernel_size == (3, 3) for layer in convolutions)
    assert len(layers(critic, LeakyReLU)) == 6


@pytest.mark.parametrize("name", CRITICS)
def test_critics_score_each_image_alone(name):
    """Of the smallest hole that an adversary may be shown, 4×4 pixels."""
    critic = getattr(import_module(f"models.{name}"), f"{name}_critic")(image_size=4, filters=8)
    shown = [tf.random.stateless_normal([3, 4, 4, 3], [0, 1]), tf.ones([3, 4, 4, 1])][: len(critic.inputs)]
    scores = critic(shown, training=True)
    assert scores.shape == (3,) and scores.dtype == tf.float32 and len(np.unique(scores)) == 3
    first = critic([maps[:1] for maps in shown], training=True)
    np.testing.assert_allclose(first, scores[:1], rtol=1e-3, atol=1e-5)
    assert not layers(critic, keras.layers.BatchNormalization)
