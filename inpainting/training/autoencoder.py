"""Training of a generator on the reconstruction loss alone (sections 4 and 5.4)."""

import tensorflow as tf

from inpainting.losses.reconstruction import overlap_loss
from inpainting.measuring.metrics import hole_mse, per_image, summarise
from inpainting.training.trainer import Trainer


class AutoencoderTrainer(Trainer):
    """Trains a generator, [context, mask] -> prediction [B, S, S, 3], on the overlap loss.

    overlap, overlap_weight, error: of inpainting.losses.reconstruction.overlap_loss. The rest: Trainer's.
    """

    TRACKED = ("loss", "reconstruction_loss", "hole_mse", "generator_gradient_norm")

    def __init__(self, *, overlap, overlap_weight, error="squared", **kwargs):
        super().__init__(**kwargs)
        self.overlap = overlap
        self.overlap_weight = overlap_weight
        self.error = error

    def __call__(self, inputs):
        """The prediction of the averaged generator for [context, mask], [B, S, S, 3]."""
        return self.ema_generator(inputs, training=False)

    def test_step(self, batch):
        prediction = self([batch["context"], batch["mask"]])
        return per_image(prediction=prediction, target=batch["image"], mask=batch["mask"])

    def summarise(self, means):
        return {name: float(value) for name, value in summarise(means).items()}

    def generator_step(self, batch):
        """One update of the generator and of its average, on a batch of [B, S, S, C]."""
        with tf.GradientTape() as tape:
            prediction = self.predict_hole(batch)
            losses = self.generator_losses(batch, prediction)
        norm = self.update_generator(tape, losses["loss"])
        error = hole_mse(prediction=prediction, target=batch["image"], mask=batch["mask"])
        self.track(**losses, hole_mse=error, generator_gradient_norm=norm)

    def predict_hole(self, batch):
        """The prediction of the generator in training, [B, S, S, 3]."""
        return self.generator([batch["context"], batch["mask"]], training=True)

    def generator_losses(self, batch, prediction):
        """The loss to minimise, `loss`, and its parts, scalars."""
        reconstruction = tf.reduce_mean(
            overlap_loss(
                prediction=prediction,
                target=batch["image"],
                mask=batch["mask"],
                overlap=self.overlap,
                overlap_weight=self.overlap_weight,
                error=self.error,
            )
        )
        return {"loss": reconstruction + self.regularization(), "reconstruction_loss": reconstruction}
