"""What training against a critic (WGAN) and against a discriminator (DCGAN) share (sections 5.1 to 5.4)."""

import math

import tensorflow as tf

from inpainting import replicas
from inpainting.losses.texture import texture_loss
from inpainting.masks import composite, hole_span
from inpainting.measuring.metrics import hole_mse
from inpainting.training.autoencoder import AutoencoderTrainer
from inpainting.variables import ordered_variables, resource

RATE = 0.01  # by which log(α / (1 − α)) moves where the error is twice the budget
CERTAIN = math.log(1e4)  # the bound of log(α / (1 − α))


class AdversarialTrainer(AutoencoderTrainer):
    """Adds an adversary's verdict on the completions to the reconstruction loss.

    adversary: images, or images and masks, -> scores [B], a critic's or the logits of a discriminator. A step's
    data holds one batch for each of the adversary's updates, so that every update sees fresh real images and
    the completions of those images, and the last for the generator, whose loss is α · overlap loss + (1 − α) ·
    adversarial loss; texture_weight: of the texture loss that is added to the former.

    seen: side of the centred square of the completed image that the adversary is shown. budget: see
    inpainting/config/methods.py, which also has the phases. After `warmup_steps` of L2 the generator starts
    from its averaged weights, is trained as the function that is published, by `finetuning_optimizer`, and its
    average starts anew.

    A method defines `adversary_step(batch, index)`, one update, which returns the completions that it was
    shown, `adversarial_loss(scores)`, the generator's, `optimizer_of_adversary(method)` and ADVERSARY_TRACKED,
    the names of what the update logs.
    """

    def __init__(self, *, adversary, alpha, seen, budget=None, texture_weight=0.0, warmup_steps=0, **kwargs):
        super().__init__(**kwargs)
        self.adversary = adversary
        self.seen = seen
        self.budget = budget
        self.texture_weight = texture_weight
        self.warmup_steps = warmup_steps
        odds = min(max(alpha, 1e-9) / max(1 - alpha, 1e-9), 1e9)
        self.log_odds = tf.Variable(math.log(odds), trainable=False, name="log_odds")
        # The mean hole_mse of training batches while the adversary trains alone.
        self.training_l2_error = tf.Variable(0.0, trainable=False, name="training_l2_error")
        self.trains = "both"
        shared = _identities(self.generator) & _identities(adversary)
        if shared:
            raise ValueError(f"generator and adversary must own disjoint variables. Shared: {len(shared)}")

    @property
    def TRACKED(self):
        return (*AutoencoderTrainer.TRACKED, "adversarial_loss", "alpha", *self.ADVERSARY_TRACKED)

    def compile(self, *, adversary_optimizer, finetuning_optimizer=None, **kwargs):
        super().compile(**kwargs)
        self.adversary_optimizer = adversary_optimizer
        adversary_optimizer.build(self.adversary.trainable_variables)
        self.finetuning_optimizer = finetuning_optimizer
        if finetuning_optimizer:
            finetuning_optimizer.build(self.generator.trainable_variables)

    def begin_phase(self, phase):
        super().begin_phase(phase)
        self.trains = phase.trains
        self.average_start = phase.start
        if self.finetunes and int(self.step.numpy()) == self.warmup_steps:
            for average, variable in self._averaged():
                variable.assign(resource(average).read_value())

    @property
    def finetunes(self):
        """Whether this phase follows one of L2."""
        return self.trains != "generator" and self.finetuning_optimizer is not None

    @property
    def current_optimizer(self):
        return self.finetuning_optimizer if self.finetunes else self.generator_optimizer

    @property
    def alpha(self):
        return tf.sigmoid(resource(self.log_odds))

    @property
    def reported(self):
        names = {"generator": AutoencoderTrainer.TRACKED, "adversary": self.ADVERSARY_TRACKED}
        return names.get(self.trains, self.TRACKED)

    def state(self):
        state = {
            **super().state(),
            "adversary": ordered_variables(self.adversary),
            "adversary_optimizer": list(self.adversary_optimizer.variables),
            "balance": [self.log_odds, self.training_l2_error],
        }
        if self.finetuning_optimizer:
            state["finetuning_optimizer"] = list(self.finetuning_optimizer.variables)
        return state

    def train_step(self, batches):
        if self.trains == "generator":
            return super().train_step(batches)
        updates = batches["image"].shape[0] - (self.trains == "both")

        def update(index):
            batch = {key: value[index] for key, value in batches.items()}
            completed = self.adversary_step(batch, index)
            if self.trains == "adversary":
                steps = resource(self.step) - self.average_start
                share = 1 / tf.cast(steps * updates + tf.cast(index, tf.int64) + 1, tf.float32)
                l2_error = resource(self.training_l2_error)
                l2_error.assign_add(share * (self._error(completed, batch) - l2_error))
            return (index + 1,)

        if replicas.count() == 1:
            tf.while_loop(lambda index: index < updates, update, (tf.constant(0),))
        else:  # nothing can be reduced over the replicas within a loop of one's graph
            for index in range(updates):
                update(index)
        if self.trains == "both":
            return super().train_step(batches)
        resource(self.step).assign_add(1)
        return self.end_step()

    def generator_losses(self, batch, prediction):
        losses = super().generator_losses(batch, prediction)
        if self.trains == "generator":
            return losses
        completed = composite(batch["mask"], prediction, batch["image"])
        scores = self.scores(self.shown(completed), self.shown(batch["mask"]))
        adversarial = self.adversarial_loss(scores)
        alpha = tf.convert_to_tensor(self.alpha)
        if self.budget:
            self._hold_budget(prediction, batch)
        if self.texture_weight:
            texture = texture_loss(completed=completed, target=batch["image"], mask=batch["mask"])
            losses["loss"] += self.texture_weight * tf.reduce_mean(texture)
        total = alpha * losses["loss"] + (1 - alpha) * adversarial
        return {**losses, "loss": total, "adversarial_loss": adversarial, "alpha": alpha}

    def _hold_budget(self, prediction, batch):
        """Moves α towards where the error is the budget's share of the L2's; where that is unknown it stays."""
        l2_error, log_odds = resource(self.training_l2_error), resource(self.log_odds)
        excess = self._error(prediction, batch) / (self.budget * tf.maximum(l2_error, 1e-12)) - 1
        moved = log_odds + RATE * tf.where(l2_error > 0, excess, 0.0)
        log_odds.assign(tf.clip_by_value(moved, -CERTAIN, CERTAIN))

    @staticmethod
    def _error(prediction, batch):
        """The mean hole_mse of the whole batch, whichever rows are this replica's."""
        error = hole_mse(prediction=prediction, target=batch["image"], mask=batch["mask"])
        return replicas.mean(tf.reduce_mean(error))

    def shown(self, images):
        """What the adversary sees of images or masks [B, S, S, C]."""
        start, stop = hole_span(images.shape[1], self.seen)
        return images[:, start:stop, start:stop]

    def scores(self, images, masks):
        """The adversary's, [B], of images [B, P, P, 3] and masks [B, P, P, 1] as it is shown them."""
        inputs = [images, masks] if len(self.adversary.inputs) == 2 else images
        return self.adversary(inputs, training=True)

    def predict_hole(self, batch):
        if not self.finetunes:
            return super().predict_hole(batch)
        return self.generator([batch["context"], batch["mask"]], training=False)

    def complete(self, batch):
        """The completed images of the generator as it is published, [B, S, S, 3]. Its statistics stay."""
        prediction = self.generator([batch["context"], batch["mask"]], training=False)
        return composite(batch["mask"], prediction, batch["image"])


def _identities(network):
    return {id(variable) for variable in network.variables}
