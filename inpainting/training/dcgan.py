"""Training of a generator against a discriminator (sections 5.1 and 5.2; Radford et al. 2015)."""

import tensorflow as tf

from inpainting import replicas
from inpainting.losses.adversarial import discriminator_labels, discriminator_loss, generator_cross_entropy
from inpainting.training.adversarial import AdversarialTrainer
from inpainting.training.optimizers import Adam


class DCGANTrainer(AdversarialTrainer):
    """The adversary is a discriminator: its logits say how real an image looks.

    The tricks of section 5.2, each of which can be switched off:
    pure_batches: an update on real images, then one on completions; else one on both together.
    soft_labels: noisy labels, 0.9 to 1.1 for real images and 0 to 0.2 for completions; else 1 and 0.
    label_flips: probability that an image is labelled as of the other class.
    maximise_log_d: the generator maximises log D of its completions; else it minimises log(1 − D).
    """

    ADVERSARY_TRACKED = (
        "discriminator_loss",
        "probability_real",
        "probability_fake",
        "discriminator_accuracy",
        "discriminator_gradient_norm",
    )

    def __init__(self, *, pure_batches=True, soft_labels=True, label_flips=0.05, maximise_log_d=True, **kwargs):
        super().__init__(**kwargs)
        self.pure_batches = pure_batches
        self.soft_labels = soft_labels
        self.label_flips = label_flips
        self.maximise_log_d = maximise_log_d

    @staticmethod
    def optimizer_of_adversary(method):
        """With the DCGAN paper's momentum: 0.9 makes the discriminator's training oscillate."""
        return Adam(method.adversary_learning_rate, beta_1=0.5)

    def adversary_step(self, batch, index):
        """The discriminator's update (two with pure_batches) on real images and on their completions."""
        completed = self.complete(batch)
        real, fake, mask = (self.shown(maps) for maps in (batch["image"], completed, batch["mask"]))
        real_labels = self._labels(real, index, real=True)
        fake_labels = self._labels(fake, index, real=False)
        if self.pure_batches:
            real_logits = self._update(real, mask, real_labels)
            fake_logits = self._update(fake, mask, fake_labels)
        else:
            pairs = ((real, fake), (mask, mask), (real_labels, fake_labels))
            logits = self._update(*(tf.concat(pair, 0) for pair in pairs))
            real_logits, fake_logits = tf.split(logits, 2)
        right = tf.concat([real_logits > 0, fake_logits <= 0], 0)
        self.track(
            probability_real=tf.sigmoid(real_logits),
            probability_fake=tf.sigmoid(fake_logits),
            discriminator_accuracy=tf.cast(right, tf.float32),
        )
        return completed

    def _update(self, images, masks, labels):
        """One update towards the labels. Returns the logits before it, [B]."""
        variables = self.adversary.trainable_variables
        with tf.GradientTape() as tape:
            logits = self.scores(images, masks)
            loss = discriminator_loss(logits=logits, labels=labels)
        norm = self.descend(tape, loss, variables, self.adversary_optimizer)
        self.track(discriminator_loss=loss, discriminator_gradient_norm=norm)
        return logits

    def adversarial_loss(self, scores):
        return generator_cross_entropy(fake_logits=scores, maximise_log_d=self.maximise_log_d)

    def _labels(self, images, index, *, real):
        labels = discriminator_labels(
            tf.shape(images)[0] * replicas.count(),
            real=real,
            soft=self.soft_labels,
            flips=self.label_flips,
            seed=self.draws_seed(index, 3 if real else 2),
        )
        return replicas.own_rows(labels)
