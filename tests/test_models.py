import dataclasses
import importlib
import inspect
import itertools

import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from inpainting.experiments import Config, experiment, resolved, with_settings
from inpainting.hardware import dtype_policy
from models import CRITICS, DENSITY, ENCODERS, build_critic, build_generator
from models.blocks import (
    BatchNormalization,
    Conv2D,
    Conv2DTranspose,
    DropConnectConv2D,
    Dropout,
    LeakyReLU,
    conv_block,
)
from models.cnn import cnn_critic, cnn_encoder
from models.decoder import decoder
from models.inception import inception_encoder
from models.resnet import resnet_encoder
from models.vgg import vgg_encoder
from tests.dummies import parameters


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_leaky_relu_by_hand(dtype):
    x = tf.Variable([-4.0, -0.5, 0.5, 4.0], dtype=dtype.removeprefix("mixed_"))
    with tf.GradientTape() as tape:
        y = LeakyReLU(dtype=dtype)(x)
    assert y.dtype == x.dtype
    np.testing.assert_allclose(tf.cast(y, tf.float32), [-0.8, -0.1, 0.5, 4.0], rtol=4e-3)
    np.testing.assert_allclose(tf.cast(tape.gradient(y, x), tf.float32), [0.2, 0.2, 1, 1], rtol=4e-3)
    # As the gradient penalty needs it, Σ w leaky(w x): its gradient in w is 2 w x slope, in w again 2 x slope.
    w = tf.Variable([1.0, 2.0, -1.0], dtype=x.dtype)
    with tf.GradientTape() as outer:
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(w * LeakyReLU(dtype=dtype)(w * tf.constant([1, -2, 3], x.dtype)))
        slope = tape.gradient(y, w)
    np.testing.assert_allclose(tf.cast(slope, tf.float32), [2, -1.6, -1.2], rtol=8e-3)
    np.testing.assert_allclose(tf.cast(outer.gradient(slope, w), tf.float32), [2, -0.8, 1.2], rtol=8e-3)


def conv_parameters(kernel, inputs, outputs):
    return kernel * kernel * inputs * outputs


@pytest.mark.parametrize(("name", "network"), [*ENCODERS.items(), *CRITICS.items(), *DENSITY.items()])
def test_a_line_of_the_registry_is_what_its_builder_takes(name, network):
    """Registry key, module and function bear one name; defaults and settings are the builder's and Config's."""
    module, function = network.builder.split(":")
    assert module == f"models.{name}" and function.removesuffix("_encoder").removesuffix("_critic") == name
    taken = inspect.signature(getattr(importlib.import_module(module), function)).parameters
    for size in ("filters", "units", "layers"):
        default = getattr(network, size)
        assert default is None or taken[size].default == default
    fields = {field.name for field in dataclasses.fields(Config)}
    assert set(network.settings) <= set(taken) & fields


def test_vgg_encoder_is_vgg_16_from_28_pixels_on():
    encoder = vgg_encoder(image_size=32, filters=64)
    names = [layer.name for layer in encoder.layers if isinstance(layer, keras.layers.Conv2D)]
    assert names == [f"stage{stage}_conv{index}" for stage in (4, 5) for index in (1, 2, 3)]
    assert encoder.output_shape == (None, 8, 8, 64)
    # 4 -> 32 -> 32 -> 32 | 32 -> 64 -> 64 -> 64, each followed by a scale and a shift a filter.
    convolutions = 9 * (4 * 32 + 2 * 32 * 32 + 32 * 64 + 2 * 64 * 64)
    assert parameters(encoder) == convolutions + 2 * (3 * 32 + 3 * 64)


@pytest.mark.parametrize(("image_size", "stages"), [(32, [4, 5]), (64, [3, 4, 5]), (128, [2, 3, 4, 5])])
def test_vgg_keeps_the_stages_that_fit(image_size, stages):
    encoder = vgg_encoder(image_size=image_size, filters=16)
    pools = [layer.name for layer in encoder.layers if isinstance(layer, keras.layers.MaxPooling2D)]
    assert pools == [f"stage{stage}_pool" for stage in stages]
    assert encoder.output_shape[1:3] == (8, 8)


def with_norm(area, inputs, outputs):
    """Weights of a convolution over `area` taps and of the batch normalisation behind it."""
    return area * inputs * outputs + 2 * outputs


def test_cnn_encoder_is_the_paper_s_baseline():
    encoder = cnn_encoder(image_size=32, filters=32)
    convolutions = [layer for layer in encoder.layers if isinstance(layer, keras.layers.Conv2D)]
    assert [layer.filters for layer in convolutions] == [32, 32, 64, 64, 64, 128, 128, 128, 256]
    assert [layer.strides[0] for layer in convolutions] == [1, 1, 2] * 3
    assert all(layer.kernel_size == (3, 3) for layer in convolutions)
    assert encoder.output_shape == (None, 4, 4, 256)
    widths = [4, 32, 32, 64, 64, 64, 128, 128, 128, 256]
    assert parameters(encoder) == sum(with_norm(9, a, b) for a, b in itertools.pairwise(widths))
    assert cnn_encoder(image_size=128, filters=8).output_shape == (None, 4, 4, 64)


def test_cnn_encoder_with_max_pooling():
    encoder = cnn_encoder(image_size=32, filters=64, pooling="max")
    assert sum(isinstance(layer, keras.layers.MaxPooling2D) for layer in encoder.layers) == 3
    widths = [layer.filters for layer in encoder.layers if isinstance(layer, keras.layers.Conv2D)]
    assert widths == [64, 64, 128, 128, 256, 256]
    assert encoder.output_shape == (None, 4, 4, 256)


def test_resnet_encoder_is_resnet_18_from_28_pixels_on():
    encoder = resnet_encoder(image_size=32, filters=128)
    additions = [layer.name for layer in encoder.layers if isinstance(layer, keras.layers.Add)]
    assert additions == [f"stage{stage}_block{index}_conv2_add" for stage in (3, 4, 5) for index in (1, 2)]
    assert encoder.output_shape == (None, 8, 8, 128)
    expected = with_norm(9, 4, 32) + 4 * with_norm(9, 32, 32)
    for before, width in ((32, 64), (64, 128)):
        shortcut = with_norm(1, before, width)
        expected += with_norm(9, before, width) + shortcut + 3 * with_norm(9, width, width)
    assert parameters(encoder) == expected


def test_inception_encoder_is_inception_v3_from_35_pixels_on():
    encoder = inception_encoder(image_size=32, filters=64)
    joins = {
        layer.name: layer.output.shape[1:]
        for layer in encoder.layers
        if isinstance(layer, keras.layers.Concatenate)
    }
    assert [tuple(shape) for shape in joins.values()] == [
        *[(32, 32, 64)] * 3,  # 16 · 4
        (16, 16, 128),  # 48 + 16 + 64
        *[(16, 16, 128)] * 4,  # 32 · 4
        (8, 8, 192),  # 32 + 32 + 128
        *[(8, 8, 256)] * 2,  # 32 + 4 · 48 + 32
    ]
    expected = 0
    for inputs in (4, 64, 64):
        expected += 4 * with_norm(1, inputs, 16) + with_norm(25, 16, 16) + 2 * with_norm(9, 16, 16)
    expected += with_norm(9, 64, 48)
    expected += with_norm(1, 64, 16) + 2 * with_norm(9, 16, 16)
    for width in (16, 16, 16, 32):
        expected += 2 * with_norm(1, 128, 32)
        expected += with_norm(1, 128, width) + with_norm(7, width, width) + with_norm(7, width, 32)
        expected += with_norm(1, 128, width) + 3 * with_norm(7, width, width) + with_norm(7, width, 32)
    expected += with_norm(1, 128, 32) + with_norm(9, 32, 32)
    expected += with_norm(1, 128, 32) + 2 * with_norm(7, 32, 32) + with_norm(9, 32, 32)
    for inputs in (192, 256):
        expected += 2 * with_norm(1, inputs, 32)
        expected += with_norm(1, inputs, 48) + 2 * with_norm(3, 48, 48)
        expected += with_norm(1, inputs, 64) + with_norm(9, 64, 48) + 2 * with_norm(3, 48, 48)
    assert parameters(encoder) == expected


def test_cnn_critic_is_the_paper_s():
    critic = cnn_critic(image_size=32, filters=32)
    convolutions = [layer for layer in critic.layers if isinstance(layer, keras.layers.Conv2D)]
    assert [layer.filters for layer in convolutions] == [32, 64, 64, 128, 128, 256, 1]
    assert [layer.strides[0] for layer in convolutions] == [1, 2, 1, 2, 1, 2, 1]
    assert all(layer.kernel_size == (3, 3) for layer in convolutions)
    assert not any(isinstance(layer, keras.layers.BatchNormalization) for layer in critic.layers)
    assert sum(isinstance(layer, LeakyReLU) for layer in critic.layers) == 6
    widths = [3, 32, 64, 64, 128, 128, 256, 1]
    expected = sum(9 * a * b + b for a, b in itertools.pairwise(widths))
    assert parameters(critic) == expected


@pytest.mark.parametrize("name", CRITICS)
def test_critics_score_each_image_alone(name):
    critic = CRITICS[name](image_size=16, filters=8)
    images = tf.random.stateless_normal([3, 16, 16, 3], [0, 1])
    scores = critic(images, training=True)
    assert scores.shape == (3,) and scores.dtype == tf.float32
    np.testing.assert_allclose(critic(images[:1], training=True), scores[:1], rtol=1e-3, atol=1e-5)
    assert not any(isinstance(layer, keras.layers.BatchNormalization) for layer in critic.layers)


@pytest.mark.parametrize("name", CRITICS)
@pytest.mark.parametrize("image_size", [8, 32, 64, 128])
def test_every_critic_builds(name, image_size):
    critic = CRITICS[name](image_size=image_size, filters=8)
    assert critic.output_shape == (None,)


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
    generator = build_generator(small("cnn_l2", 16, batch_normalization=False))
    networks = [generator, *[layer for layer in generator.layers if isinstance(layer, keras.Model)]]
    layers = [layer for network in networks for layer in network.layers]
    assert not any(isinstance(layer, keras.layers.BatchNormalization) for layer in layers)
    convolutions = [
        layer for layer in layers if isinstance(layer, keras.layers.Conv2D | keras.layers.Conv2DTranspose)
    ]
    assert len(convolutions) > 9 and all(layer.use_bias for layer in convolutions)


def test_decoder_doubles_by_transposed_convolutions():
    network = decoder(bottleneck=512, patch=16, filters=256)
    transposed = [layer for layer in network.layers if isinstance(layer, keras.layers.Conv2DTranspose)]
    assert [(layer.filters, layer.strides[0]) for layer in transposed] == [(256, 1), (128, 2), (64, 2)]
    assert network.output_shape == (None, 16, 16, 3)
    weights = 16 * 512 * 256 + 16 * 256 * 128 + 16 * 128 * 64 + 9 * 64 * 3 + 3
    assert parameters(network) == weights + 2 * (256 + 128 + 64)


@pytest.mark.parametrize("patch", [4, 8, 10, 18, 30, 32, 64])
def test_decoder_makes_any_patch(patch):
    assert decoder(bottleneck=8, patch=patch, filters=32).output_shape == (None, patch, patch, 3)


def small(name, image_size, **settings):
    chosen = {"filters": 8, "bottleneck": 32, "decoder_filters": 8, "image_size": image_size, **settings}
    return resolved(with_settings(experiment(name), {key: str(value) for key, value in chosen.items()}))


@pytest.mark.parametrize("name", [f"{encoder}_l2" for encoder in ENCODERS])
@pytest.mark.parametrize("image_size", [32, 64, 128])
def test_every_generator_builds_and_predicts_its_patch(name, image_size):
    config = small(name, image_size)
    generator = build_generator(config)
    context = tf.random.stateless_normal([2, image_size, image_size, 3], [1, 2])
    mask = tf.zeros([2, image_size, image_size, 1])
    prediction = generator([context, mask], training=False).numpy()
    assert prediction.shape == (2, image_size, image_size, 3) and prediction.dtype == np.float32
    quarter = image_size // 4
    assert config.patch == 2 * quarter
    inside = prediction[:, quarter : 3 * quarter, quarter : 3 * quarter]
    assert np.count_nonzero(prediction) == np.count_nonzero(inside) > inside.size / 2


@pytest.mark.parametrize("mask", ["rectangle", "free_form"])
def test_a_generator_for_holes_anywhere_predicts_the_whole_image(mask):
    generator = build_generator(small("vgg_wgan", 16, mask=mask))
    prediction = generator([tf.ones([1, 16, 16, 3]), tf.zeros([1, 16, 16, 1])]).numpy()
    assert prediction.shape == (1, 16, 16, 3) and (prediction[:, [0, -1]] != 0).all()


DECODER = 2_755_139  # worked out in its test: 512 -> 4×4×256 -> 8×8×128 -> 16×16×64 -> 16×16×3
# encoder: output shape, trainable parameters of its generator.
GOLDEN = {
    # The encoder's sum is in its test above; the bottleneck's is 4 · 4 · 256 · 512 + 2 · 512.
    "cnn": ((None, 4, 4, 256), 767_872 + 2_098_176 + DECODER),
    # 8 · 8 · 64 · 512 + 2 · 512
    "vgg": ((None, 8, 8, 64), 112_320 + 2_098_176 + DECODER),
    # 8 · 8 · 256 · 512 + 2 · 512
    "inception": ((None, 8, 8, 256), 449_312 + 8_389_632 + DECODER),
    # 8 · 8 · 128 · 512 + 2 · 512
    "resnet": ((None, 8, 8, 128), 695_616 + 4_195_328 + DECODER),
}


# Parameters of each critic; the score's convolution has 9 · filters + 1.
GOLDEN_CRITICS = {
    # Summed in its test above.
    "cnn": 575_233,
    # 9 · (3 · 64 + 2 · 64² + 64 · 128 + 2 · 128²) and biases 3 · 64 + 3 · 128
    "vgg": 444_096 + 576 + 1_153,
    # The encoder's, less a fourth input channel of 4 · 16 and one of two values for each of 2,448 features.
    "inception": 449_312 - 64 - 2_448 + 2_305,
    # 9 · (3 · 32 + 4 · 32² + 32 · 64 + 3 · 64² + 64 · 128 + 3 · 128²), shortcuts 32 · 64 + 64 · 128, biases
    # 5 · (32 + 64 + 128)
    "resnet": 682_848 + 10_240 + 1_120 + 1_153,
}


def test_every_model_has_a_golden_size():
    assert set(ENCODERS) == set(GOLDEN) and set(CRITICS) == set(GOLDEN_CRITICS)


@pytest.mark.parametrize("name", CRITICS)
def test_golden_sizes_of_critics(name):
    critic = build_critic(resolved(with_settings(experiment("vgg_wgan"), {"critic": name})))
    assert parameters(critic) == GOLDEN_CRITICS[name]


@pytest.mark.parametrize("encoder", ENCODERS)
def test_golden_sizes(encoder):
    generator = build_generator(resolved(experiment(f"{encoder}_l2")))
    last_map = generator.get_layer(f"{encoder}_encoder").output_shape
    assert (last_map, parameters(generator)) == GOLDEN[encoder]
    assert generator.output_shape == (None, 32, 32, 3)


def test_the_mask_is_an_input():
    generator = build_generator(small("vgg_wgan", 16))
    context = tf.zeros([1, 16, 16, 3])
    first = generator([context, tf.zeros([1, 16, 16, 1])])
    assert (first.numpy() != generator([context, tf.ones([1, 16, 16, 1])]).numpy()).any()


def test_mixed_precision_keeps_weights_and_outputs_in_float32():
    with dtype_policy("mixed_bfloat16"):
        generator, critic = build_generator(small("vgg_wgan", 16)), cnn_critic(image_size=16, filters=4)
    inputs = [tf.zeros([1, 16, 16, 3]), tf.zeros([1, 16, 16, 1])]
    assert generator(inputs).dtype == tf.float32 and critic(inputs[0]).dtype == tf.float32
    assert all("float32" in str(weight.dtype) for weight in generator.trainable_variables)
    assert generator.get_layer("bottleneck").compute_dtype == "bfloat16"
    assert keras.mixed_precision.global_policy().name == "float32"


def test_batch_normalisation_is_keras_own():
    ours, theirs = BatchNormalization(momentum=0.9), keras.layers.BatchNormalization(momentum=0.9)
    batch = tf.random.stateless_normal([8, 5, 5, 3], [3, 4], mean=2.0, stddev=3.0)
    for layer in (ours, theirs):
        layer.build(batch.shape)
    np.testing.assert_allclose(ours(batch, training=True), theirs(batch, training=True), atol=1e-4)
    for moved, expected in zip(ours.weights, theirs.weights, strict=True):
        # The kernel's variance divides by n − 1, n = 200 here.
        np.testing.assert_allclose(moved.numpy(), expected.numpy(), rtol=6e-3)
    np.testing.assert_allclose(ours(batch, training=False), theirs(batch, training=False), rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize("rate", [0.0, 0.25, 0.5])
def test_dropout_drops_its_share_and_keeps_the_mean(rate):
    layer = Dropout(rate)
    dropped = layer(tf.ones([100, 10, 10, 10]), training=True).numpy()
    assert (dropped == 0).mean() == pytest.approx(rate, abs=0.01)
    assert dropped.mean() == pytest.approx(1, abs=0.02)
    kept = tf.random.stateless_normal([2, 3, 3, 3], [1, 2])
    np.testing.assert_array_equal(layer(kept, training=False), kept)


def test_dropout_s_state_is_a_weight():
    layer, twin = Dropout(0.5), Dropout(0.5)
    inputs = tf.ones([4, 9, 9, 5])
    for each in (layer, twin):
        each.build(inputs.shape)
    first = layer(inputs, training=True).numpy()
    saved = layer.state.numpy()
    second = tf.function(lambda: layer(inputs, training=True))().numpy()
    assert (first != second).any()
    twin.state.assign(saved)
    np.testing.assert_array_equal(twin(inputs, training=True), second)


def test_dropout_refuses_a_rate_of_one():
    with pytest.raises(ValueError, match=r"\[0, 1\). Received: 1"):
        Dropout(1.0)


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize(
    ("ours", "theirs", "pixels", "shape"),
    [
        (Conv2D, keras.layers.Conv2D, 4, (2, 1, 1, 6)),
        (Conv2D, keras.layers.Conv2D, 6, (2, 3, 3, 6)),  # not the whole map
        (Conv2DTranspose, keras.layers.Conv2DTranspose, 1, (2, 4, 4, 6)),
        (Conv2DTranspose, keras.layers.Conv2DTranspose, 2, (2, 5, 5, 6)),  # not a single pixel
    ],
)
def test_matrix_products_are_the_convolutions(ours, theirs, pixels, shape, precision):
    layers = [kind(6, 4, padding="valid", dtype=precision) for kind in (ours, theirs)]
    maps = np.random.default_rng(0).normal(size=(2, pixels, pixels, 5)).astype(np.float32)
    for layer in layers:
        layer.build(maps.shape)
    layers[0].bias.assign(range(6))
    layers[1].set_weights(layers[0].get_weights())
    product, convolution = (layer(maps) for layer in layers)
    assert product.shape == shape and product.dtype == convolution.dtype
    np.testing.assert_allclose(
        tf.cast(product, tf.float32), tf.cast(convolution, tf.float32), rtol=1e-2, atol=2e-2
    )


def test_drop_connect_drops_connections_in_training():
    layer = DropConnectConv2D(8, 3, padding="same", use_bias=True, rate=0.25)
    layer.build((None, 5, 5, 4))
    kernel = np.array(layer.kernel)
    # Each input channel alone, one tap at a time: the outputs are the connections that are left.
    impulse = np.zeros((4, 5, 5, 4), np.float32)
    impulse[range(4), 2, 2, range(4)] = 1
    left = layer(impulse, training=True).numpy()[:, 1:4, 1:4][:, ::-1, ::-1]  # [input, row, column, output]
    expected = kernel.transpose(2, 0, 1, 3)
    dropped = left == 0
    assert 0.15 < dropped.mean() < 0.35
    np.testing.assert_allclose(left[~dropped], expected[~dropped] / 0.75, rtol=1e-5)
    np.testing.assert_allclose(
        layer(impulse, training=False).numpy()[:, 1:4, 1:4][:, ::-1, ::-1], expected, rtol=1e-5
    )
    again = layer(impulse, training=True).numpy()[:, 1:4, 1:4][:, ::-1, ::-1]
    assert ((again == 0) != dropped).any()


def test_drop_connect_reaches_the_encoder_s_convolutions():
    x = keras.Input((8, 8, 4))
    assert isinstance(
        keras.Model(x, conv_block(x, 8, name="a", drop_connect=0.5)).get_layer("a"), DropConnectConv2D
    )
    encoder = build_generator(small("vgg_l2", 16, drop_connect=0.5)).get_layer("vgg_encoder")
    convolutions = [layer for layer in encoder.layers if isinstance(layer, keras.layers.Conv2D)]
    assert all(isinstance(layer, DropConnectConv2D) for layer in convolutions)


def test_a_generator_survives_its_own_config():
    generator = build_generator(small("vgg_wgan", 16, dropout=0.5))
    twin = keras.Model.from_config(generator.get_config())
    assert [weight.shape for weight in twin.weights] == [weight.shape for weight in generator.weights]
