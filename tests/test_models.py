import itertools

import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from inpainting.experiments import CHOICES, EXPERIMENTS, experiment, resolved, with_settings
from inpainting.hardware import dtype_policy
from models import CRITICS, ENCODERS, build_critic, build_generator
from models.blocks import BatchNormalization, Dropout
from models.cnn import cnn_critic
from models.decoder import decoder
from models.vgg import vgg_critic, vgg_encoder


def parameters(network):
    return sum(int(np.prod(weight.shape)) for weight in network.trainable_variables)


def conv_parameters(kernel, inputs, outputs):
    return kernel * kernel * inputs * outputs


def test_the_command_line_knows_the_registry():
    assert set(CHOICES["encoder"]) == set(ENCODERS) and set(CHOICES["critic"]) == set(CRITICS)


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


def test_cnn_critic_is_the_paper_s():
    critic = cnn_critic(image_size=32, filters=32)
    convolutions = [layer for layer in critic.layers if isinstance(layer, keras.layers.Conv2D)]
    assert [layer.filters for layer in convolutions] == [32, 64, 64, 128, 128, 256, 1]
    assert [layer.strides[0] for layer in convolutions] == [1, 2, 1, 2, 1, 2, 1]
    assert all(layer.kernel_size == (3, 3) for layer in convolutions)
    assert not any(isinstance(layer, keras.layers.BatchNormalization) for layer in critic.layers)
    assert sum(isinstance(layer, keras.layers.LeakyReLU) for layer in critic.layers) == 6
    widths = [3, 32, 64, 64, 128, 128, 256, 1]
    expected = sum(9 * a * b + b for a, b in itertools.pairwise(widths))
    assert parameters(critic) == expected


@pytest.mark.parametrize("build", [cnn_critic, vgg_critic])
def test_critics_score_each_image_alone(build):
    critic = build(image_size=16, filters=8)
    images = tf.random.stateless_normal([3, 16, 16, 3], [0, 1])
    scores = critic(images, training=True)
    assert scores.shape == (3,) and scores.dtype == tf.float32
    np.testing.assert_allclose(critic(images[:1], training=True), scores[:1], rtol=1e-4)


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
    chosen = {"filters": 8, "bottleneck": 4, "decoder_filters": 8, "image_size": image_size, **settings}
    return resolved(with_settings(experiment(name), {key: str(value) for key, value in chosen.items()}))


@pytest.mark.parametrize("name", EXPERIMENTS)
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
    assert build_critic(config)(context).shape == (2,)


@pytest.mark.parametrize("mask", ["rectangle", "free_form"])
def test_a_generator_for_holes_anywhere_predicts_the_whole_image(mask):
    generator = build_generator(small("vgg_wgan", 16, mask=mask, bottleneck=32))
    prediction = generator([tf.ones([1, 16, 16, 3]), tf.zeros([1, 16, 16, 1])]).numpy()
    assert prediction.shape == (1, 16, 16, 3) and (prediction[:, [0, -1]] != 0).all()


# model: trainable parameters of its generator.
GOLDEN = {
    # encoder 112,320 + bottleneck 64 · 64 · 512 + 2 · 512 = 2,098,176 + decoder 2,755,139, as worked out above
    "vgg_l2": 4_965_635,
    "vgg_wgan": 4_965_635,
}


def test_every_model_has_its_golden_size():
    sizes = {name: parameters(build_generator(resolved(experiment(name)))) for name in EXPERIMENTS}
    assert sizes == GOLDEN


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


def test_a_generator_survives_its_own_config():
    generator = build_generator(small("vgg_wgan", 16, dropout=0.5))
    twin = keras.Model.from_config(generator.get_config())
    assert [weight.shape for weight in twin.weights] == [weight.shape for weight in generator.weights]
