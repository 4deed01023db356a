"""Training of a generator against a Wasserstein critic (section 5.3; Arjovsky et al. 2017, Algorithm 1)."""

import tensorflow as tf

from inpainting.losses.adversarial import (
    clip_weights,
    gradient_penalty,
    wasserstein_critic_loss,
    wasserstein_generator_loss,
)
from inpainting.masks import composite
from inpainting.trainers.autoencoder import AutoencoderTrainer


class WGANTrainer(AutoencoderTrainer):
    """Adds a critic of the whole completed image to the reconstruction loss.

    A step's data holds K = critic_steps + 1 batches: one for each critic update, so that every update sees
    fresh real images and the completions of those images, and the last for the generator, whose loss is
    α · overlap L2 + (1 − α) · (−mean critic(completed)).

    lipschitz: "clip" clips the critic's weights to [−clip, clip] after each update; "gradient_penalty" adds
    penalty_weight times the gradient penalty to its loss. In the first `warmup_steps` steps, K = 1, the loss
    is the overlap L2 alone and the critic rests.
    """

    # Deviation: the paper trains on both losses from the first step (warmup_steps=0 does). A critic update
    # costs as much as a generator's and there are ten of them a step, so the bulk of the L2 is learnt first.

    TRACKED = (
        *AutoencoderTrainer.TRACKED,
        "adversarial_loss",
        "critic_loss",
        "wasserstein_estimate",
        "critic_gradient_norm",
    )

    def __init__(
        self,
        *,
        critic,
        alpha,
        lipschitz="clip",
        clip=0.01,
        penalty_weight=10.0,
        warmup_steps=0,
        seed=0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.critic = critic
        self.alpha = alpha
        self.lipschitz = lipschitz
        self.clip = clip
        self.penalty_weight = penalty_weight
        self.warmup_steps = warmup_steps
        self.warming_up = False
        self.seed = seed
        shared = _identities(self.generator) & _identities(critic)
        if shared:
            raise ValueError(f"generator and critic must own disjoint variables. Shared: {len(shared)}")

    def compile(self, *, critic_optimizer, **kwargs):
        super().compile(**kwargs)
        self.critic_optimizer = critic_optimizer
        critic_optimizer.build(self.critic.trainable_variables)

    def begin_phase(self, step):
        super().begin_phase(step)
        self.warming_up = step < self.warmup_steps

    def state(self):
        return {
            **super().state(),
            "critic": list(self.critic.trainable_variables),
            "critic_optimizer": list(self.critic_optimizer.variables),
        }

    def train_step(self, batches):
        if self.warming_up:
            return super().train_step(batches)
        critic_batches = batches["image"].shape[0] - 1

        def critic_update(index):
            self.critic_step({key: value[index] for key, value in batches.items()}, index)
            return (index + 1,)

        tf.while_loop(lambda index: index < critic_batches, critic_update, (tf.constant(0),))
        return super().train_step(batches)

    def critic_step(self, batch, index):
        """One update of the critic on a batch of real images and one of their completions."""
        variables = self.critic.trainable_variables
        real = batch["image"]
        fake = self.complete(batch, training=True)
        with tf.GradientTape() as tape:
            real_scores = self.critic(real, training=True)
            fake_scores = self.critic(fake, training=True)
            loss = wasserstein_critic_loss(real_scores=real_scores, fake_scores=fake_scores)
            estimate = -loss
            if self.lipschitz == "gradient_penalty":
                loss += self.penalty_weight * gradient_penalty(
                    critic=lambda images: self.critic(images, training=True),
                    real=real,
                    fake=fake,
                    mixing=self._mixing(tf.shape(real)[0], index),
                )
            scaled_loss = loss * self.loss_scale
        gradients = self.unscaled(tape.gradient(scaled_loss, variables))
        self.critic_optimizer.apply_gradients(zip(gradients, variables, strict=True))
        if self.lipschitz == "clip":
            clip_weights(variables, self.clip)
        self.track(
            critic_loss=loss,
            wasserstein_estimate=estimate,
            critic_gradient_norm=tf.linalg.global_norm(gradients),
        )

    def generator_losses(self, batch, prediction):
        losses = super().generator_losses(batch, prediction)
        if self.warming_up:
            return losses
        completed = composite(batch["mask"], prediction, batch["image"])
        adversarial = wasserstein_generator_loss(fake_scores=self.critic(completed, training=True))
        total = self.alpha * losses["reconstruction_loss"] + (1 - self.alpha) * adversarial
        return {**losses, "loss": total, "adversarial_loss": adversarial}

    def _mixing(self, batch, index):
        """Uniform weights in [0, 1] between real and fake images, [B, 1, 1, 1], from (seed, step, index)."""
        seed = tf.random.fold_in(tf.random.fold_in(tf.constant([self.seed, 1]), self.step), index)
        return tf.random.stateless_uniform([batch, 1, 1, 1], seed)


def _identities(network):
    return {id(variable) for variable in network.variables}
