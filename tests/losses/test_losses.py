"""Every expected value is worked out in the test."""

import numpy as np
import pytest
import tensorflow as tf

from inpainting.losses.adversarial import (
    clip_weights,
    discriminator_labels,
    discriminator_loss,
    generator_cross_entropy,
    gradient_penalty,
    wasserstein_critic_loss,
    wasserstein_generator_loss,
)
from inpainting.losses.reconstruction import l2, overlap_loss
from inpainting.masks import center_masks


def images(value, size=16, batch=2):
    return tf.fill([batch, size, size, 3], float(value))


def test_l2_is_equation_1():
    # Error 0.5 on three channels: 3 · 0.25 a pixel, averaged over the n² pixels.
    mask = center_masks(2, image_size=16, hole=8)
    np.testing.assert_allclose(l2(prediction=images(0.5), target=images(0), mask=mask), [0.75, 0.75])


def test_l2_ignores_the_context():
    mask = center_masks(1, image_size=16, hole=4)
    prediction = (1 - mask) * 100 * tf.ones([1, 16, 16, 3])
    np.testing.assert_array_equal(l2(prediction=prediction, target=images(0, batch=1), mask=mask), [0.0])


@pytest.mark.parametrize(
    ("size", "hole", "overlap", "weight", "expected"),
    [
        # Patch 8×8 with a ring of 2: 48 ring pixels, 16 in the hole.
        (16, 4, 2, 10, (48 * 10 + 16) / 16),
        # The paper's: patch 16×16, ring 192 pixels of weight 20, hole 64.
        (32, 8, 4, 20, (192 * 20 + 64) / 64),
        (32, 8, 0, 20, 1.0),
    ],
)
def test_overlap_loss_of_error_one(size, hole, overlap, weight, expected):
    loss = overlap_loss(
        prediction=images(1, size),
        target=images(0, size),
        mask=center_masks(2, image_size=size, hole=hole),
        overlap=overlap,
        overlap_weight=weight,
    )
    np.testing.assert_allclose(loss, [expected, expected], rtol=1e-6)


def test_overlap_loss_stops_at_the_image_s_border():
    # A hole in the corner: 2×2, its ring of 1 lies on two sides only, 5 pixels.
    mask = np.zeros((1, 8, 8, 1), np.float32)
    mask[0, :2, :2] = 1
    loss = overlap_loss(
        prediction=images(1, 8, 1),
        target=images(0, 8, 1),
        mask=tf.constant(mask),
        overlap=1,
        overlap_weight=20,
    )
    np.testing.assert_allclose(loss, [(5 * 20 + 4) / 4], rtol=1e-6)


def test_the_absolute_error():
    """½ in the hole of 16 pixels, 1 in the ring of 48 that weighs 10 times: (16 · ½ + 48 · 10) / 16."""
    mask = center_masks(1, image_size=16, hole=4)
    options = {"prediction": (1 - 0.5 * mask) * images(1, 16, 1), "target": images(0, 16, 1), "mask": mask}
    loss = overlap_loss(**options, overlap=2, overlap_weight=10, error="absolute")
    np.testing.assert_allclose(loss, [30.5])
    np.testing.assert_allclose(overlap_loss(**options, overlap=0, overlap_weight=10, error="absolute"), [0.5])


@pytest.mark.parametrize("overlap", [0, 2])
def test_the_hole_weighs_the_same_with_and_without_a_ring(overlap):
    """Error ½ in the hole and none in the ring: 4 · hole_mse = ¼ either way."""
    mask = center_masks(1, image_size=16, hole=4)
    loss = overlap_loss(
        prediction=0.5 * mask * tf.ones([1, 1, 1, 3]),
        target=images(0, batch=1),
        mask=mask,
        overlap=overlap,
        overlap_weight=20,
    )
    np.testing.assert_allclose(loss, [0.25])


REAL, FAKE = tf.constant([3.0, 5.0]), tf.constant([-1.0, 2.0])


def test_wasserstein_signs():
    # mean fake 0.5, mean real 4: the critic minimises −3.5, the generator −0.5.
    assert wasserstein_critic_loss(real_scores=REAL, fake_scores=FAKE).numpy() == -3.5
    assert wasserstein_generator_loss(fake_scores=FAKE).numpy() == -0.5


@pytest.mark.parametrize(("real", "low", "high"), [(True, 0.9, 1.1), (False, 0.0, 0.2)])
def test_soft_labels_are_uniform_in_the_paper_s_ranges(real, low, high):
    labels = discriminator_labels(10_000, real=real, soft=True, flips=0.0, seed=[1, 2]).numpy()
    assert low <= labels.min() < low + 0.001 and high - 0.001 < labels.max() <= np.float32(high)
    assert labels.mean() == pytest.approx((low + high) / 2, abs=0.003)
    assert labels.std() == pytest.approx(0.2 / 12**0.5, abs=0.002)


@pytest.mark.parametrize("real", [True, False])
def test_hard_labels_and_flips(real):
    assert set(discriminator_labels(50, real=real, soft=False, flips=0.0, seed=[1, 2]).numpy()) == {float(real)}
    flipped = discriminator_labels(10_000, real=real, soft=False, flips=0.1, seed=[1, 2]).numpy()
    assert (flipped != float(real)).mean() == pytest.approx(0.1, abs=0.01)
    soft = discriminator_labels(10_000, real=real, soft=True, flips=0.1, seed=[1, 2]).numpy()
    np.testing.assert_array_equal(soft > 0.5, flipped > 0.5)
    assert np.all((soft <= 0.2) | ((soft >= 0.9) & (soft <= np.float32(1.1))))


def test_labels_are_a_function_of_their_seed():
    def draw(seed):
        return discriminator_labels(8, real=True, soft=True, flips=0.5, seed=seed).numpy()

    np.testing.assert_array_equal(draw([1, 2]), draw([1, 2]))
    assert (draw([1, 2]) != draw([1, 3])).any()


def test_discriminator_loss_is_the_cross_entropy():
    # D = σ(ln 3) = 3/4 with label 1.1, and D = σ(0) = 1/2 with label 0.2: −0.2 ln ½ − 0.8 ln ½ = −ln ½.
    logits, labels = tf.constant([np.log(3.0), 0.0], tf.float32), tf.constant([1.1, 0.2])
    expected = (-(1.1 * np.log(3 / 4) + (1 - 1.1) * np.log(1 / 4)) - np.log(1 / 2)) / 2
    assert float(discriminator_loss(logits=logits, labels=labels)) == pytest.approx(expected, rel=1e-5)


def test_the_generator_maximises_log_d():
    # D = 3/4 and 1/4.
    logits = tf.Variable([np.log(3.0), -np.log(3.0)], dtype=tf.float32)
    for maximise, expected, slopes in (
        (True, -(np.log(3 / 4) + np.log(1 / 4)) / 2, [-1 / 4 / 2, -3 / 4 / 2]),  # −(1 − D)
        (False, (np.log(1 / 4) + np.log(3 / 4)) / 2, [-3 / 4 / 2, -1 / 4 / 2]),  # −D: least where D is surest
    ):
        with tf.GradientTape() as tape:
            loss = generator_cross_entropy(fake_logits=logits, maximise_log_d=maximise)
        assert float(loss) == pytest.approx(expected, rel=1e-5)
        np.testing.assert_allclose(tape.gradient(loss, logits), slopes, rtol=1e-5)


def test_losses_take_keywords_and_vectors_only():
    with pytest.raises(TypeError):
        wasserstein_critic_loss(REAL, FAKE)
    with pytest.raises(ValueError, match=r"fake_scores must be of shape \[batch\]"):
        wasserstein_critic_loss(real_scores=REAL, fake_scores=FAKE[:, None])


def test_gradient_penalty_of_a_linear_critic():
    # critic(x) = 2 Σx over 4 inputs: gradient (2, 2, 2, 2), norm 4, penalty (4 − 1)² = 9.
    penalty = gradient_penalty(
        critic=lambda x: 2 * tf.reduce_sum(x, [1, 2, 3]),
        real=tf.random.normal([3, 2, 2, 1]),
        fake=tf.random.normal([3, 2, 2, 1]),
        mixing=tf.constant([0.0, 0.3, 1.0])[:, None, None, None],
        mask=tf.ones([3, 2, 2, 1]),
    )
    np.testing.assert_allclose(penalty, 9.0, rtol=1e-5)


def test_gradient_penalty_is_of_the_hole_and_of_slopes_above_one():
    # The same critic, where the hole is one pixel of four: norm 2, penalty 1. Of half its slope: 0.
    for factor, expected in ((2, 1.0), (0.5, 0.0)):
        penalty = gradient_penalty(
            critic=lambda x, factor=factor: factor * tf.reduce_sum(x, [1, 2, 3]),
            real=tf.ones([1, 2, 2, 1]),
            fake=tf.zeros([1, 2, 2, 1]),
            mixing=tf.fill([1, 1, 1, 1], 0.5),
            mask=tf.constant([1.0, 0, 0, 0], shape=[1, 2, 2, 1]),
        )
        np.testing.assert_allclose(penalty, expected, rtol=1e-5)


def test_gradient_penalty_bounds_small_and_large_holes_alike():
    """A critic, 8 times the mean over the hole, of 1 and of 3 pixels of four: slopes of 8 and 8/3 a pixel.

    Norms 8 and 8 / √3, as of holes of 2 pixels 8 · √(1/2) = 8 / √3 · √(3/2) = 5.657.
    """
    mask = tf.constant([[1.0, 0, 0, 0], [1, 1, 1, 0]], shape=[2, 2, 2, 1])
    for factor, expected in ((8, (8 / 2**0.5 - 1) ** 2), (1, 0.0)):
        penalty = gradient_penalty(
            critic=lambda x, factor=factor: factor * tf.reduce_sum(mask * x, [1, 2, 3]) / tf.constant([1.0, 3]),
            real=tf.ones([2, 2, 2, 1]),
            fake=tf.zeros([2, 2, 2, 1]),
            mixing=tf.fill([2, 1, 1, 1], 0.5),
            mask=mask,
        )
        np.testing.assert_allclose(penalty, expected, rtol=1e-5, atol=1e-12)


def test_gradient_penalty_mixes_real_and_fake():
    # critic(x) = ½ Σx², gradient x: between 0 (fake) and 8 (real) at 1/4 from the fake, x = 2, norm of 4: 4.
    penalty = gradient_penalty(
        critic=lambda x: 0.5 * tf.reduce_sum(x**2, [1, 2, 3]),
        real=tf.fill([1, 2, 2, 1], 8.0),
        fake=tf.zeros([1, 2, 2, 1]),
        mixing=tf.fill([1, 1, 1, 1], 0.25),
        mask=tf.ones([1, 2, 2, 1]),
    )
    np.testing.assert_allclose(penalty, 9.0, rtol=1e-5)


def test_gradient_penalty_of_a_constant_critic_has_a_gradient():
    weight = tf.Variable(0.0)
    with tf.GradientTape() as tape:
        penalty = gradient_penalty(
            critic=lambda x: weight * tf.reduce_sum(x, [1, 2, 3]),
            real=tf.ones([1, 2, 2, 1]),
            fake=tf.zeros([1, 2, 2, 1]),
            mixing=tf.fill([1, 1, 1, 1], 0.5),
            mask=tf.ones([1, 2, 2, 1]),
        )
    np.testing.assert_allclose(penalty, 0.0, atol=1e-5)
    assert np.isfinite(tape.gradient(penalty, weight).numpy())


def test_clip_weights():
    variable = tf.Variable([-3.0, 0.005, 0.5])
    clip_weights([variable], 0.01)
    np.testing.assert_allclose(variable.numpy(), [-0.01, 0.005, 0.01])
