"""What training against a critic (WGAN) and against a discriminator (DCGAN) share (sections 5.1 to 5.4)."""

import tensorflow as tf

from inpainting.masks import composite, hole_span
from inpainting.training.autoencoder import AutoencoderTrainer
from inpainting.variables import ordered_variables


class AdversarialTrainer(AutoencoderTrainer):
    """Adds an adversary's verdict on the completions to the reconstruction loss.

    adversary: images -> scores [B], a critic's or the logits of a discriminator. A step's data holds one batch
    for each of the adversary's updates, so that every update sees fresh real images and the completions of
    those images, and the last for the generator, whose loss is α · overlap L2 + (1 − α) · adversarial loss.

    sees: "image", the whole completed image, or "hole", its centred hole × hole square alone. In
    the first `warmup_steps` steps, of one batch, the loss is the overlap L2 alone and the adversary rests.

    A method defines `adversary_step(batch, index)`, one update, `adversarial_loss(scores)`, the generator's,
    and `adversary_optimizer_at(learning_rate)`.
    """

    def __init__(self, *, adversary, alpha, sees="image", hole=None, warmup_steps=0, **kwargs):
        super().__init__(**kwargs)
        self.adversary = adversary
        self.alpha = alpha
        self.sees = sees
        self.hole = hole
        self.warmup_steps = warmup_steps
        self.warming_up = False
        shared = _identities(self.generator) & _identities(adversary)
        if shared:
            raise ValueError(f"generator and adversary must own disjoint variables. Shared: {len(shared)}")

    def compile(self, *, adversary_optimizer, **kwargs):
        super().compile(**kwargs)
        self.adversary_optimizer = adversary_optimizer
        adversary_optimizer.build(self.adversary.trainable_variables)

    def begin_phase(self, step):
        super().begin_phase(step)
        self.warming_up = step < self.warmup_steps

    def state(self):
        return {
            **super().state(),
            "adversary": ordered_variables(self.adversary),
            "adversary_optimizer": list(self.adversary_optimizer.variables),
        }

    def train_step(self, batches):
        if self.warming_up:
            return super().train_step(batches)
        updates = batches["image"].shape[0] - 1

        def update(index):
            self.adversary_step({key: value[index] for key, value in batches.items()}, index)
            return (index + 1,)

        tf.while_loop(lambda index: index < updates, update, (tf.constant(0),))
        return super().train_step(batches)

    def generator_losses(self, batch, prediction):
        losses = super().generator_losses(batch, prediction)
        if self.warming_up:
            return losses
        completed = composite(batch["mask"], prediction, batch["image"])
        adversarial = self.adversarial_loss(self.adversary(self.shown(completed), training=True))
        total = self.alpha * losses["loss"] + (1 - self.alpha) * adversarial
        return {**losses, "loss": total, "adversarial_loss": adversarial}

    def shown(self, images):
        """What the adversary sees of images [B, S, S, 3]."""
        if self.sees == "image":
            return images
        start, stop = hole_span(images.shape[1], self.hole)
        return images[:, start:stop, start:stop]

    def complete(self, batch):
        """The generator's completed images, [B, S, S, 3]."""
        prediction = self.generator([batch["context"], batch["mask"]], training=True)
        return composite(batch["mask"], prediction, batch["image"])


def _identities(network):
    return {id(variable) for variable in network.variables}
