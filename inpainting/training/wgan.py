"""Training of a generator against a Wasserstein critic (section 5.3; Arjovsky et al. 2017, Algorithm 1)."""

import tensorflow as tf

from inpainting import replicas
from inpainting.config.methods import Clip, GradientPenalty
from inpainting.losses.adversarial import (
    clip_weights,
    gradient_penalty,
    wasserstein_critic_loss,
    wasserstein_generator_loss,
)
from inpainting.training.adversarial import AdversarialTrainer
from inpainting.training.optimizers import Adam, RMSprop


class WGANTrainer(AdversarialTrainer):
    """The adversary is a critic, updated K − 1 times a step; the generator's loss is its negative mean score.

    lipschitz: a Clip, of the critic's weights after each update, or a GradientPenalty, added to its loss:
    inpainting/config/methods.py.
    """

    ADVERSARY_TRACKED = ("critic_loss", "wasserstein_estimate", "critic_gradient_norm")

    def __init__(self, *, lipschitz, **kwargs):
        super().__init__(**kwargs)
        self.lipschitz = lipschitz

    @staticmethod
    def optimizer_of_adversary(method):
        """Algorithm 1 of either paper: momentum makes the critic's training unstable."""
        if isinstance(method.lipschitz, Clip):
            return RMSprop(method.adversary_learning_rate)
        return Adam(method.adversary_learning_rate, beta_1=0.0, beta_2=0.9)

    def adversary_step(self, batch, index):
        """One update of the critic on a batch of real images and one of their completions."""
        completed = self.complete(batch)
        real, fake, mask = (self.shown(maps) for maps in (batch["image"], completed, batch["mask"]))
        with tf.GradientTape() as tape:
            real_scores, fake_scores = self.scores(real, mask), self.scores(fake, mask)
            loss = wasserstein_critic_loss(real_scores=real_scores, fake_scores=fake_scores)
            estimate = -loss
            if isinstance(self.lipschitz, GradientPenalty):
                loss += self.lipschitz.weight * gradient_penalty(
                    critic=lambda images: self.scores(images, mask),
                    real=real,
                    fake=fake,
                    mixing=self._mixing(tf.shape(real)[0], index),
                    mask=mask,
                )
        variables = self.adversary.trainable_variables
        norm = self.descend(tape, loss, variables, self.adversary_optimizer)
        if isinstance(self.lipschitz, Clip):
            clip_weights(variables, self.lipschitz.bound)
        self.track(critic_loss=loss, wasserstein_estimate=estimate, critic_gradient_norm=norm)
        return completed

    def adversarial_loss(self, scores):
        return wasserstein_generator_loss(fake_scores=scores)

    def _mixing(self, batch, index):
        """Uniform weights in [0, 1] between real and fake images, [batch, 1, 1, 1]."""
        shape = [batch * replicas.count(), 1, 1, 1]
        return replicas.own_rows(tf.random.stateless_uniform(shape, self.draws_seed(index, 1)))
