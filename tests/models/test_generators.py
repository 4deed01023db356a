"""Generators and adversaries as a Config describes them: patch, neck, decoder, and what a setting changes."""

import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from inpainting.config.experiments import experiment
from inpainting.config.generators import DENSITY
from inpainting.config.settings import with_settings
from inpainting.training.hardware import dtype_policy
from models import build_adversary, build_generator
from models.blocks import DropConnectConv2D
from models.decoder import decoder


def small(name, image_size, **settings):
    chosen = {"generator.filters": 8, "bottleneck": 32, "decoder_filters": 8, "image_size": image_size}
    return with_settings(experiment(name), {**chosen, **settings})


def all_layers(network):
    """Those of the networks within it too."""
    for layer in network.layers:
        yield from all_layers(layer) if isinstance(layer, keras.Model) else [layer]


@pytest.mark.parametrize(
    ("neck", "kernels"),
    [("conv", [(8, 16)]), ("two_convs", [(3, 16), (4, 16)]), ("dense", [(8, 16), (1, 16)])],
)
def test_necks(neck, kernels):
    """From the VGG's 8×8 to the bottleneck of 16."""
    generator = build_generator(small("vgg_l2", 32, neck=neck, bottleneck=16))
    convolutions = [layer for layer in generator.layers if isinstance(layer, keras.layers.Conv2D)]
    assert [(layer.kernel_size[0], layer.filters) for layer in convolutions] == kernels


def test_without_batch_normalization_the_convolutions_have_a_bias():
    layers = list(all_layers(build_generator(small("cnn_l2", 16, batch_normalization=False))))
    assert not any(isinstance(layer, keras.layers.BatchNormalization) for layer in layers)
    kinds = keras.layers.Conv2D | keras.layers.Conv2DTranspose
    convolutions = [layer for layer in layers if isinstance(layer, kinds)]
    assert len(convolutions) > 9 and all(layer.use_bias for layer in convolutions)


def test_drop_connect_reaches_the_encoder_and_the_bottleneck():
    layers = all_layers(build_generator(small("vgg_l2", 16, drop_connect=0.5)))
    dropping = [layer.name for layer in layers if isinstance(layer, DropConnectConv2D)]
    assert dropping == [*(f"stage{s}_conv{i}" for s in (4, 5) for i in (1, 2, 3)), "bottleneck"]


def test_decoder_doubles_by_transposed_convolutions():
    network = decoder(bottleneck=512, patch=16, filters=256)
    transposed = [layer for layer in network.layers if isinstance(layer, keras.layers.Conv2DTranspose)]
    assert [(layer.filters, layer.strides[0]) for layer in transposed] == [(256, 1), (128, 2), (64, 2)]


@pytest.mark.parametrize("patch", [4, 8, 10, 18, 30, 32, 64])
def test_decoder_makes_any_patch(patch):
    assert decoder(bottleneck=8, patch=patch, filters=32).output_shape == (None, patch, patch, 3)


@pytest.mark.parametrize(("image_size", "overlap", "patch"), [(16, 1, 6), (64, None, 32)])
def test_a_generator_predicts_hole_and_overlap(image_size, overlap, patch):
    """A hole of a quarter of the side and, unless given, a ring of an eighth round it."""
    config = small("vgg_l2", image_size, overlap="none" if overlap is None else overlap)
    assert config.patch == patch
    context = tf.random.stateless_normal([2, image_size, image_size, 3], [1, 2])
    mask = tf.zeros([2, image_size, image_size, 1])
    prediction = build_generator(config)([context, mask], training=False).numpy()
    assert prediction.shape == (2, image_size, image_size, 3) and prediction.dtype == np.float32
    start = (image_size - patch) // 2
    inside = prediction[:, start : start + patch, start : start + patch]
    assert np.count_nonzero(prediction) == np.count_nonzero(inside) > inside.size / 2


@pytest.mark.parametrize("mask", ["rectangle", "free_form"])
def test_a_generator_for_holes_anywhere_predicts_the_whole_image(mask):
    generator = build_generator(small("vgg_wgan", 16, mask=mask))
    prediction = generator([tf.ones([1, 16, 16, 3]), tf.zeros([1, 16, 16, 1])]).numpy()
    assert prediction.shape == (1, 16, 16, 3) and (prediction[:, [0, -1]] != 0).all()


@pytest.mark.parametrize(("sees", "side"), [("image", 16), ("hole", 4)])
def test_an_adversary_is_as_large_as_what_it_sees(sees, side):
    config = small("cnn_wgan", 16, sees=sees)
    assert build_adversary(config).input_shape == (None, side, side, 3)


def test_the_mask_is_an_input():
    generator = build_generator(small("vgg_wgan", 16))
    context = tf.zeros([1, 16, 16, 3])
    first = generator([context, tf.zeros([1, 16, 16, 1])])
    assert (first.numpy() != generator([context, tf.ones([1, 16, 16, 1])]).numpy()).any()


def test_mixed_precision_keeps_weights_and_outputs_in_float32():
    config = small("cnn_wgan", 16)
    with dtype_policy("mixed_bfloat16"):
        generator, critic = build_generator(config), build_adversary(config)
    inputs = [tf.zeros([1, 16, 16, 3]), tf.zeros([1, 16, 16, 1])]
    assert generator(inputs).dtype == tf.float32 and critic(inputs[0][:, 4:12, 4:12]).dtype == tf.float32
    assert all("float32" in str(weight.dtype) for weight in generator.trainable_variables)
    assert generator.get_layer("bottleneck").compute_dtype == "bfloat16"
    assert keras.mixed_precision.global_policy().name == "float32"


@pytest.mark.parametrize("name", DENSITY)
def test_logits_are_float32_in_mixed_precision(name, small_config):
    with dtype_policy("mixed_bfloat16"):
        network = build_generator(small_config(name))
    side = 16 if network.conditional else 4
    pixels = tf.zeros([1, side, side, 3], tf.int32)
    logits = network([pixels, tf.ones([1, side, side, 1])] if network.conditional else pixels)
    assert logits.shape == (1, side, side, 3, 256) and logits.dtype == tf.float32


def test_a_generator_survives_its_own_config():
    generator = build_generator(small("vgg_wgan", 16, dropout=0.5))
    twin = keras.Model.from_config(generator.get_config())
    assert [weight.shape for weight in twin.weights] == [weight.shape for weight in generator.weights]
