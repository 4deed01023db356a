import colorsys

import numpy as np
import pytest
import tensorflow as tf

from inpainting.config.data import AUGMENTATIONS
from pipelines import augmentation
from pipelines.augmentation import blur, colour_transform, flip_and_shift, jitter_colour
from pipelines.blur import gaussian_blur

RANDOM = np.random.default_rng(0)
IMAGES = tf.constant(RANDOM.uniform(-0.5, 0.5, (64, 16, 16, 3)), tf.float32)
NO_HOLES = tf.zeros([64, 16, 16, 1])
SEED = [7, 8]


def gaussian(size, sigma):
    offsets = np.arange(size) - size // 2
    kernel = np.exp(-(offsets**2) / (2 * sigma**2))
    return kernel / kernel.sum()


@pytest.mark.parametrize(("size", "sigma"), [(3, 0.7), (5, 1.3)])
def test_blur_is_the_same_on_both_stacks(size, sigma):
    """Worked out in NumPy: whichever library does it, the numbers are these."""
    image = RANDOM.uniform(-1, 1, (2, 8, 9, 3)).astype(np.float32)
    kernel, margin = gaussian(size, sigma), size // 2
    padded = np.pad(image, ((0, 0), (margin, margin), (margin, margin), (0, 0)), "reflect")
    rows = sum(kernel[i] * padded[:, i : i + 8] for i in range(size))
    expected = sum(kernel[i] * rows[:, :, i : i + 9] for i in range(size))
    np.testing.assert_allclose(gaussian_blur(tf.constant(image), size=size, sigma=sigma), expected, atol=1e-5)


def test_flip_and_shift_moves_whole_pixels():
    ramp = tf.constant(np.tile(np.arange(16, dtype=np.uint8)[None, None, :, None], (200, 16, 1, 3)))
    moved = flip_and_shift(ramp, names=("flip", "shift"), seed=SEED).numpy()[:, 0, :, 0].astype(int)
    inner = moved[:, 4:12]
    steps = np.diff(inner, axis=1)
    assert set(np.unique(steps)) == {-1, 1}  # a row in order, or mirrored
    flipped = (steps == -1).all(1)
    assert 60 < flipped.sum() < 140
    shifts = inner[~flipped][:, 0] - 4
    assert set(shifts) == set(range(-4, 5))


def test_shift_reflects_at_the_border_and_moves_rows_too():
    image = tf.constant(RANDOM.integers(0, 256, (100, 8, 8, 3), np.uint8))
    moved = flip_and_shift(image, names=("shift",), seed=SEED).numpy()
    padded = np.pad(image.numpy(), ((0, 0), (4, 4), (4, 4), (0, 0)), "reflect")
    for index in range(100):
        crops = [padded[index, y : y + 8, x : x + 8] for y in range(9) for x in range(9)]
        assert any((moved[index] == crop).all() for crop in crops)


def test_grey_stays_grey():
    grey = tf.tile(IMAGES[..., :1], [1, 1, 1, 3])
    coloured = jitter_colour(grey, NO_HOLES, names=("hue", "saturation"), seed=SEED)
    np.testing.assert_allclose(coloured, grey, atol=1e-5)


def test_contrast_scales_about_each_image_s_mean_colour():
    jittered = jitter_colour(IMAGES, NO_HOLES, names=("contrast",), seed=SEED).numpy()
    mean = IMAGES.numpy().mean((1, 2), keepdims=True)
    ratio = (jittered - mean) / (IMAGES.numpy() - mean)
    factors = np.median(ratio, axis=(1, 2, 3))
    np.testing.assert_allclose(jittered, mean + factors[:, None, None, None] * (IMAGES - mean), atol=1e-4)
    assert factors.min() >= 0.8 and factors.max() <= 1.2 and factors.std() > 0.08


def test_saturation_scales_the_distance_from_the_luma():
    jittered = jitter_colour(IMAGES, NO_HOLES, names=("saturation",), seed=SEED).numpy()
    luma = (IMAGES.numpy() @ augmentation.LUMA)[..., None]
    factors = np.median((jittered - luma) / (IMAGES.numpy() - luma), axis=(1, 2, 3))
    np.testing.assert_allclose(jittered, luma + factors[:, None, None, None] * (IMAGES - luma), atol=1e-4)
    assert factors.min() >= 0.8 and factors.max() <= 1.2 and factors.std() > 0.08


def test_hue_turns_by_the_drawn_angle_and_keeps_the_luma():
    red = tf.tile(tf.constant([[[[0.9, 0.3, 0.3]]]]), [64, 4, 4, 1])
    turned = jitter_colour(red, tf.zeros([64, 4, 4, 1]), names=("hue",), seed=SEED).numpy()
    np.testing.assert_allclose(turned @ augmentation.LUMA, (red.numpy() @ augmentation.LUMA), atol=1e-5)
    hues = np.array([colorsys.rgb_to_hsv(*pixel)[0] for pixel in turned[:, 0, 0]])
    hues = (hues + 0.5) % 1 - 0.5
    assert 0.03 < hues.max() < 0.09 and -0.09 < hues.min() < -0.03  # ±0.05 of a turn, in another colour space


def test_the_three_compose_into_one_affine_transform():
    matrix, offset = colour_transform(IMAGES, NO_HOLES, names=("hue", "saturation", "contrast"), seed=SEED)
    assert matrix.shape == (64, 3, 3) and offset.shape == (64, 3)
    by_pixel = np.einsum("bij,bhwj->bhwi", matrix, IMAGES) + offset[:, None, None].numpy()
    jittered = jitter_colour(IMAGES, NO_HOLES, names=("hue", "saturation", "contrast"), seed=SEED)
    np.testing.assert_allclose(jittered, np.clip(by_pixel, -1, 1), atol=1e-5)
    mean = IMAGES.numpy().mean((1, 2))
    colour = np.einsum("bij,bj->bi", matrix, mean) + offset.numpy()  # the contrast leaves the mean alone
    saturated, _ = colour_transform(IMAGES, NO_HOLES, names=("hue", "saturation"), seed=SEED)
    np.testing.assert_allclose(colour, np.einsum("bij,bj->bi", saturated, mean), atol=1e-5)


def test_blur_draws_per_image():
    blurred = blur(IMAGES, NO_HOLES, seed=SEED).numpy()
    changed = np.abs(blurred - IMAGES.numpy()).max((1, 2, 3))
    assert 6 <= (changed > 1e-6).sum() <= 28  # a quarter of 64
    full = gaussian_blur(IMAGES, size=3, sigma=0.7).numpy()
    share = np.median((blurred - IMAGES.numpy()) / (full - IMAGES.numpy()), axis=(1, 2, 3))
    np.testing.assert_allclose(
        blurred, IMAGES.numpy() + share[:, None, None, None] * (full - IMAGES.numpy()), atol=1e-4
    )
    assert len(np.unique(share.round(4))) > 6


@pytest.mark.parametrize("name", ["flip", "shift"])
def test_geometry_can_be_switched_off(name):
    np.testing.assert_array_equal(flip_and_shift(IMAGES, names=(), seed=SEED), IMAGES)
    assert (flip_and_shift(IMAGES, names=(name,), seed=SEED).numpy() != IMAGES.numpy()).any()


@pytest.mark.parametrize("name", ["hue", "saturation", "contrast"])
def test_colour_can_be_switched_off(name):
    np.testing.assert_array_equal(jitter_colour(IMAGES, NO_HOLES, names=("flip", "blur"), seed=SEED), IMAGES)
    assert (jitter_colour(IMAGES, NO_HOLES, names=(name,), seed=SEED).numpy() != IMAGES.numpy()).any()


def test_the_same_eagerly_and_in_a_dataset():
    def all_of_it(images):
        images = flip_and_shift(images, names=AUGMENTATIONS, seed=SEED)
        images = jitter_colour(images, NO_HOLES, names=AUGMENTATIONS, seed=SEED)
        return blur(images, NO_HOLES, seed=SEED)

    mapped = next(iter(tf.data.Dataset.from_tensors(IMAGES).map(all_of_it)))
    np.testing.assert_allclose(mapped, all_of_it(IMAGES), atol=1e-6)
    assert abs(mapped.numpy()).max() <= 1


def test_a_known_pixel_is_made_of_known_ones():
    """Blurred beside a hole: the mean, by the Gaussian's weights, of the neighbours that are known."""
    mask = np.zeros((64, 16, 16, 1), np.float32)
    mask[:, 6:10, 6:10] = 1
    blurred = blur(IMAGES, tf.constant(mask), seed=SEED).numpy()
    index = int(np.abs(blurred - IMAGES.numpy()).max((1, 2, 3)).argmax())
    image = IMAGES.numpy()[index]
    weights = np.outer(gaussian(3, 0.7), gaussian(3, 0.7))[..., None]
    known = weights * (1 - mask[index, 4:7, 6:9])  # around pixel (5, 7), above the hole: its lower row is not

    def mixed_with(mean, place):
        return ((blurred[index] - image)[place] / (mean - image[place])).mean()

    beside = mixed_with((known * image[4:7, 6:9]).sum((0, 1)) / known.sum(), (5, 7))
    far = mixed_with((weights * image[1:4, 1:4]).sum((0, 1)), (2, 2))
    inside = mixed_with((weights * image[7:10, 7:10]).sum((0, 1)), (8, 8))
    assert beside == pytest.approx(far, rel=1e-3) and inside == pytest.approx(far, rel=1e-3)
