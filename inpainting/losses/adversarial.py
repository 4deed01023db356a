"""Adversarial losses. Scores and logits are [B], one an image; all losses are scalars, to be minimised.

DCGAN with the tricks of section 5.2; Wasserstein GAN (Arjovsky et al. 2017, arXiv 1701.07875, Algorithm 1) and
its gradient penalty (Gulrajani et al. 2017, arXiv 1704.00028).
"""

import tensorflow as tf

from inpainting import replicas
from inpainting.variables import resource

REAL_LABELS, FAKE_LABELS = (0.9, 1.1), (0.0, 0.2)  # soft labels, section 5.2


def discriminator_labels(count, *, real, soft, flips, seed):
    """Labels of `count` images of one class, [count].

    real: 1, completions: 0. soft: drawn uniformly from REAL_LABELS or FAKE_LABELS in their place. flips:
    probability that a label is one of the other class. seed: stateless, integer [2].
    """
    seeds = tf.random.split(seed, 2)
    flipped = tf.random.stateless_uniform([count], seeds[0]) < flips
    is_real = tf.logical_not(flipped) if real else flipped
    if not soft:
        return tf.cast(is_real, tf.float32)
    place = tf.random.stateless_uniform([count], seeds[1])
    low = tf.where(is_real, REAL_LABELS[0], FAKE_LABELS[0])
    high = tf.where(is_real, REAL_LABELS[1], FAKE_LABELS[1])
    return low + place * (high - low)


def discriminator_loss(*, logits, labels):
    """Minimised by the discriminator: mean sigmoid cross-entropy of its logits with the labels, [B] both."""
    _check_scores(logits=logits, labels=labels)
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits))


def generator_cross_entropy(*, fake_logits, maximise_log_d=True):
    """Minimised by the generator: −mean log D of its completions, or else mean log(1 − D) (section 5.2).

    The second has its smallest gradient where the discriminator is surest.
    """
    _check_scores(fake_logits=fake_logits)
    if maximise_log_d:
        return tf.reduce_mean(tf.nn.softplus(-fake_logits))
    return -tf.reduce_mean(tf.nn.softplus(fake_logits))


def wasserstein_critic_loss(*, real_scores, fake_scores):
    """Minimised by the critic: mean score of the completions − mean score of the real images.

    Its negative estimates the earth mover's distance, up to the critic's Lipschitz constant.
    """
    _check_scores(real_scores=real_scores, fake_scores=fake_scores)
    return tf.reduce_mean(fake_scores) - tf.reduce_mean(real_scores)


def wasserstein_generator_loss(*, fake_scores):
    """Minimised by the generator: −mean score of its completions."""
    _check_scores(fake_scores=fake_scores)
    return -tf.reduce_mean(fake_scores)


def gradient_penalty(*, critic, real, fake, mixing, mask):
    """Mean of max(‖∇critic(x̂)‖₂ − 1, 0)² on x̂ between real and fake images, minimised by the critic.

    critic: images -> scores [B]. real, fake: [B, H, W, 3]. mixing: [B, 1, 1, 1], uniform in [0, 1]
    (Gulrajani et al., Algorithm 1, line 4); 0 is all fake, 1 all real. mask: [B, H, W, 1], 1 where the two can
    differ: the gradient by those pixels alone counts. One-sided, as in the appendix of Gulrajani et al.: a
    critic whose slope is less than 1 is one.

    Of holes of different sizes: a score is a mean over the hole, and at one slope a pixel the norm of its
    gradient falls as 1 / √pixels. So norms are taken as of holes of the batch's mean size; else a critic would
    be steeper over large holes, and their fills oversharp.
    """
    mixed = mixing * real + (1 - mixing) * fake
    with tf.GradientTape() as tape:
        tape.watch(mixed)
        scores = critic(mixed)
    squared_norms = tf.reduce_sum(tf.square(mask * tape.gradient(scores, mixed)), axis=[1, 2, 3])
    pixels = tf.reduce_sum(mask, axis=[1, 2, 3])
    squared_norms *= pixels / tf.maximum(replicas.mean(tf.reduce_mean(pixels)), 1.0)
    # The derivative of a square root is infinite at 0, where a critic that ignores its input starts.
    norms = tf.sqrt(squared_norms + 1e-12)
    return tf.reduce_mean(tf.square(tf.maximum(norms - 1.0, 0.0)))


def clip_weights(variables, clip):
    """Clips every variable to [−clip, clip] (Algorithm 1, line 7): called right after a critic update."""
    for variable in map(resource, variables):
        variable.assign(tf.clip_by_value(variable, -clip, clip))


def _check_scores(**scores):
    for name, score in scores.items():
        if len(score.shape) != 1:
            raise ValueError(f"{name} must be of shape [batch]. Received: {score.shape}")
