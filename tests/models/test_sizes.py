"""Trainable parameters of every network at its defaults, summed by hand. A new network needs a line here."""

import itertools

import pytest

from inpainting.config.critics import CRITICS
from inpainting.config.experiments import experiment
from inpainting.config.generators import DENSITY, ENCODERS
from inpainting.config.settings import with_settings
from models import build_adversary, build_generator
from tests.dummies import parameters


def with_bias(area, inputs, outputs):
    """A convolution over `area` taps, as in a critic."""
    return area * inputs * outputs + outputs


def with_norm(area, inputs, outputs):
    """A convolution without a bias and a batch normalisation's scale and shift, as in an encoder."""
    return area * inputs * outputs + 2 * outputs


def cnn(conv, *widths):
    """Convolutions of size 3, one after the other."""
    return sum(conv(9, before, width) for before, width in itertools.pairwise(widths))


def resnet(conv, inputs, first, *stages):
    """Up to and in the first stage five convolutions; in each other stage a shortcut and four."""
    total = conv(9, inputs, first) + 4 * conv(9, first, first)
    for before, width in itertools.pairwise([first, *stages]):
        total += conv(9, before, width) + conv(1, before, width) + 3 * conv(9, width, width)
    return total


def inception(conv, inputs):
    """Of 64 filters: its modules as figures 5, 6, 7 and 10 of its paper have them, an eighth as wide."""
    total = 0
    for before in (inputs, 64, 64):  # 1×1 | 1×1, 5×5 | 1×1, 3×3, 3×3 | pool, 1×1
        total += 4 * conv(1, before, 16) + conv(25, 16, 16) + 2 * conv(9, 16, 16)
    total += conv(9, 64, 48) + conv(1, 64, 16) + 2 * conv(9, 16, 16)
    for width in (16, 16, 16, 32):  # 1×1 | pool, 1×1 | 1×1, 7, 7 | 1×1, 7, 7, 7, 7
        total += 2 * conv(1, 128, 32)
        total += conv(1, 128, width) + conv(7, width, width) + conv(7, width, 32)
        total += conv(1, 128, width) + 3 * conv(7, width, width) + conv(7, width, 32)
    total += conv(1, 128, 32) + conv(9, 32, 32)
    total += conv(1, 128, 32) + 2 * conv(7, 32, 32) + conv(9, 32, 32)
    for before in (192, 256):  # 1×1 | pool, 1×1 | 1×1, then 1×3 and 3×1 | 1×1, 3×3, then 1×3 and 3×1
        total += 2 * conv(1, before, 32)
        total += conv(1, before, 48) + 2 * conv(3, 48, 48)
        total += conv(1, before, 64) + conv(9, 64, 48) + 2 * conv(3, 48, 48)
    return total


# Name: the encoder's last map, side and features, and its parameters.
ENCODER_SIZES = {
    "cnn": (4, 256, cnn(with_norm, 4, 32, 32, 64, 64, 64, 128, 128, 128, 256)),
    "vgg": (8, 64, cnn(with_norm, 4, 32, 32, 32, 64, 64, 64)),
    "inception": (8, 256, inception(with_norm, 4)),
    "resnet": (8, 128, resnet(with_norm, 4, 32, 64, 128)),
}
# 512 -> 4×4×256 -> 8×8×128 -> 16×16×64 -> 16×16×3
DECODER = with_norm(16, 512, 256) + with_norm(16, 256, 128) + with_norm(16, 128, 64) + with_bias(9, 64, 3)

# The last convolution gives the score.
CRITIC_SIZES = {
    "cnn": cnn(with_bias, 3, 32, 64, 64, 128, 128, 256, 1),
    "patch": cnn(with_bias, 4, 48, 48, 96, 96, 144, 144, 1),
    "vgg": cnn(with_bias, 3, 64, 64, 64, 128, 128, 128, 1),
    "inception": inception(with_bias, 3) + with_bias(9, 256, 1),
    "resnet": resnet(with_bias, 3, 32, 64, 128) + with_bias(9, 128, 1),
}

DENSITY_SIZES = {
    # Zone 24 · 4, three layers of 256; R; G with a table of 256 rows for R; B with two.
    "pixel_cnn": with_bias(1, 96, 256) + 7 * with_bias(1, 256, 256) + 3 * 256 * 256,
    # 7×7 of 3 to 96; four times 1×3 of 96 to 4 · 48, three taps of 48, 48 up to 96; 96, 96, 768.
    "row_lstm": with_bias(49, 3, 96)
    + 4 * (with_bias(3, 96, 192) + 3 * 48 * 192 + with_bias(1, 48, 96))
    + 2 * with_bias(1, 96, 96)
    + with_bias(1, 96, 768),
    # Three times two directions of 1×1 and two taps.
    "diagonal_bilstm": with_bias(49, 3, 96)
    + 3 * (2 * (with_bias(1, 96, 192) + 2 * 48 * 192) + with_bias(1, 48, 96))
    + 2 * with_bias(1, 96, 96)
    + with_bias(1, 96, 768),
    # A table of 3 · 256 rows of 4 · 64, state-to-state, softmax.
    "flattened_row_lstm": 3 * 256 * 256 + 64 * 256 + with_bias(1, 64, 256),
    # U-Net of 2×2 places, 96, 192 and back, 2 and 4 blocks down, 4 · 64 features of a place; zone of 3 · 7 + 3;
    # two layers and three heads of 256.
    "conditional_pixel_cnn": cnn(with_norm, 16, *5 * [96])
    + cnn(with_norm, 96, *9 * [192])
    + with_bias(1, 192, 4 * 96)
    + cnn(with_norm, 192, 96, 96, 96)
    + with_norm(9, 96, 4 * 64)
    + with_bias(1, 96 + 64, 256)
    + 6 * with_bias(1, 256, 256)
    + 3 * 256 * 256,
}


@pytest.mark.parametrize("name", ENCODERS)
def test_generators(name):
    side, features, expected = ENCODER_SIZES[name]
    generator = build_generator(experiment(f"{name}_l2"))
    assert generator.get_layer(f"{name}_encoder").output_shape == (None, side, side, features)
    assert parameters(generator) == expected + with_norm(side * side, features, 512) + DECODER


@pytest.mark.parametrize("name", CRITICS)
def test_critics(name):
    critic = build_adversary(with_settings(experiment("vgg_wgan"), {"critic": name}))
    assert parameters(critic) == CRITIC_SIZES[name]


@pytest.mark.parametrize(
    ("name", "image_size"), [*((name, 32) for name in DENSITY), ("conditional_pixel_cnn", 64)]
)
def test_density_models(name, image_size):
    network = build_generator(with_settings(experiment(name), {"image_size": image_size}))
    assert parameters(network) == DENSITY_SIZES[name]
