"""Training of a generator on the reconstruction loss alone (sections 4 and 5.4)."""

import tensorflow as tf
from tensorflow import keras

from inpainting.losses.reconstruction import overlap_l2
from inpainting.metrics import PER_IMAGE, hole_mse, per_image, summarise


class AutoencoderTrainer(keras.Model):
    """Trains a generator on the overlap loss and keeps an average of its weights.

    generator: [context, mask] -> prediction [B, S, S, 3]. ema_generator: a second network of the same
    structure; after each step its weights move towards the generator's by 1 − ema_decay (faster in the first
    steps, so that the average does not remember the start). Batch normalisation's moving statistics are
    averaged with them. Validation, samples, evaluation and export use the average.

    A step's data is a dict of `image`, `mask` and `context`, each [K, B, S, S, C]; the generator learns from
    the last of the K batches. l2_regularization: weight of ½ Σ w² over all kernels in the loss. loss_scale:
    the loss is multiplied by it before the gradient and the gradient divided by it, against underflow in
    float16.
    """

    def __init__(
        self,
        *,
        generator,
        ema_generator,
        overlap,
        overlap_weight,
        ema_decay=0.999,
        l2_regularization=0.0,
        loss_scale=1.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.generator = generator
        self.ema_generator = ema_generator
        for average, variable in zip(ema_generator.variables, generator.variables, strict=True):
            average.assign(tf.convert_to_tensor(variable))
        self.overlap = overlap
        self.overlap_weight = overlap_weight
        self.ema_decay = ema_decay
        self.l2_regularization = l2_regularization
        self.loss_scale = loss_scale
        self.step = tf.Variable(0, dtype=tf.int64, trainable=False, name="step")
        self.train_trackers = {name: keras.metrics.Mean(name=name) for name in self.TRACKED}
        self.test_trackers = {name: keras.metrics.Mean(name=f"test_{name}") for name in PER_IMAGE}
        self.built = True

    TRACKED = WARMUP_TRACKED = ("loss", "reconstruction_loss", "hole_mse", "generator_gradient_norm")

    def compile(self, *, generator_optimizer, jit_compile=False):
        super().compile(optimizer=generator_optimizer, jit_compile=jit_compile)
        self.generator_optimizer = generator_optimizer
        generator_optimizer.build(self.generator.trainable_variables)

    def begin_phase(self, step):
        """To be called before `fit`: each phase of a run is traced into a graph of its own."""
        self.train_function = None

    @property
    def metrics(self):
        """What Keras resets before an evaluation. The training's own means go on: see reset_means."""
        return list(self.test_trackers.values())

    def reset_means(self):
        """Starts the means of the training losses anew."""
        for tracker in self.train_trackers.values():
            tracker.reset_state()

    def state(self):
        """Everything a resumed run needs, as lists of variables by name."""
        return {
            "step": [self.step],
            "generator": ordered_variables(self.generator),
            "ema_generator": ordered_variables(self.ema_generator),
            "generator_optimizer": list(self.generator_optimizer.variables),
        }

    def call(self, inputs, training=False):
        """The prediction of the averaged generator for [context, mask], [B, S, S, 3]."""
        return self.ema_generator(inputs, training=False)

    def train_step(self, batches):
        self.generator_step({key: value[-1] for key, value in batches.items()})
        return {name: tracker.result() for name, tracker in self.train_trackers.items()}

    def test_step(self, batch):
        prediction = self([batch["context"], batch["mask"]])
        values = per_image(prediction=prediction, target=batch["image"], mask=batch["mask"])
        for name, tracker in self.test_trackers.items():
            tracker.update_state(values[name])
        means = {name: tracker.result() for name, tracker in self.test_trackers.items()}
        return summarise(means)

    def generator_step(self, batch):
        """One update of the generator and of its average, on a batch of [B, S, S, C]."""
        variables = self.generator.trainable_variables
        with tf.GradientTape() as tape:
            prediction = self.generator([batch["context"], batch["mask"]], training=True)
            losses = self.generator_losses(batch, prediction)
            scaled_loss = losses["loss"] * self.loss_scale
        norm = self.descend(tape, scaled_loss, variables, self.generator_optimizer)
        self._update_average()
        self.step.assign_add(1)
        error = hole_mse(prediction=prediction, target=batch["image"], mask=batch["mask"])
        self.track(**losses, hole_mse=error, generator_gradient_norm=norm)

    def generator_losses(self, batch, prediction):
        """The loss to minimise, `loss`, and its parts, scalars."""
        reconstruction = tf.reduce_mean(
            overlap_l2(
                prediction=prediction,
                target=batch["image"],
                mask=batch["mask"],
                overlap=self.overlap,
                overlap_weight=self.overlap_weight,
            )
        )
        loss = reconstruction
        if self.l2_regularization:
            kernels = [weight for weight in self.generator.trainable_variables if len(weight.shape) > 1]
            squares = [tf.nn.l2_loss(tf.convert_to_tensor(kernel)) for kernel in kernels]
            loss += self.l2_regularization * tf.add_n(squares)
        return {"loss": loss, "reconstruction_loss": reconstruction}

    def descend(self, tape, scaled_loss, variables, optimizer):
        """One update of the variables against the gradient of scaled_loss / loss_scale. Returns its norm."""
        gradients = [gradient / self.loss_scale for gradient in tape.gradient(scaled_loss, variables)]
        optimizer.apply_gradients(zip(gradients, variables, strict=True))
        return tf.linalg.global_norm(gradients)

    def track(self, **values):
        for name, value in values.items():
            self.train_trackers[name].update_state(value)

    def _update_average(self):
        step = tf.cast(self.step, tf.float32)
        decay = tf.minimum(self.ema_decay, (1 + step) / (10 + step))
        for average, variable in zip(self.ema_generator.variables, self.generator.variables, strict=True):
            if "float" in str(average.dtype):  # the rest is dropout's random state
                current, target = tf.convert_to_tensor(average), tf.convert_to_tensor(variable)
                average.assign(current + (1 - decay) * (target - current))


def ordered_variables(network):
    """A network's variables in an order that both Keras lines share."""
    return [*network.trainable_variables, *network.non_trainable_variables]
