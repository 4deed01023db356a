"""What all training shares: one descent step, the moving average of the weights, the means of the losses."""

import tensorflow as tf
from tensorflow import keras

from inpainting.variables import ordered_variables, resource


class Trainer(keras.Model):
    """Trains a generator, the network that fills holes, and keeps an average of its weights.

    ema_generator: a second network of the same structure; after each step its weights move towards the
    generator's by 1 − ema_decay (faster in the first steps, so that the average does not remember the start).
    Batch normalisation's moving statistics are averaged with them. Validation, samples, evaluation and export
    use the average. l2_regularization: weight of ½ Σ w² over all kernels in the loss. seed: of everything
    a step draws.

    A step's data is a dict of `image`, `mask` and `context`, each [K, B, S, S, C]; the generator learns from
    the last of the K batches. A method defines TRACKED, the names of what it can log (`reported`: of what it
    does in this phase), MEASURED, the names of its validation values, `generator_step(batch)` and
    `test_step(batch)`. Its constructor takes the fields of its section in inpainting/config/methods.py by
    keyword.
    """

    def __init__(
        self,
        *,
        generator,
        ema_generator,
        ema_decay=0.999,
        l2_regularization=0.0,
        seed=0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.generator = generator
        self.ema_generator = ema_generator
        for average, variable in zip(ema_generator.variables, generator.variables, strict=True):
            average.assign(tf.convert_to_tensor(variable))
        self.ema_decay = ema_decay
        self.l2_regularization = l2_regularization
        self.seed = seed
        self.step = tf.Variable(0, dtype=tf.int64, trainable=False, name="step")
        self.average_start = 0  # the step from which on weights count in the average
        self.train_trackers = {name: keras.metrics.Mean(name=name) for name in self.TRACKED}
        self.test_trackers = {name: keras.metrics.Mean(name=f"test_{name}") for name in self.MEASURED}
        self.built = True

    def compile(self, *, generator_optimizer, jit_compile=False):
        super().compile(optimizer=generator_optimizer, jit_compile=jit_compile)
        self.generator_optimizer = generator_optimizer
        generator_optimizer.build(self.generator.trainable_variables)

    def begin_phase(self, phase):
        """To be called before `fit`: each Phase of a run is traced into a graph of its own."""
        self.train_function = None

    @property
    def current_optimizer(self):
        """The generator's in this phase."""
        return self.generator_optimizer

    @property
    def reported(self):
        return self.TRACKED

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

    def train_step(self, batches):
        self.generator_step({key: value[-1] for key, value in batches.items()})
        return self.results()

    def results(self):
        """The means of what this phase logs."""
        return {name: self.train_trackers[name].result() for name in self.reported}

    def measure(self, values):
        """Takes the MEASURED values of a batch, name -> [B], into their means, and returns those."""
        for name, tracker in self.test_trackers.items():
            tracker.update_state(values[name])
        return {name: tracker.result() for name, tracker in self.test_trackers.items()}

    def regularization(self):
        """l2_regularization · ½ Σ w² over the generator's kernels."""
        if not self.l2_regularization:
            return 0.0
        kernels = [weight for weight in self.generator.trainable_variables if len(weight.shape) > 1]
        squares = [tf.nn.l2_loss(tf.convert_to_tensor(kernel)) for kernel in kernels]
        return self.l2_regularization * tf.add_n(squares)

    def update_generator(self, tape, loss):
        """One step of the generator and of its average. Returns the gradient's norm."""
        norm = self.descend(tape, loss, self.generator.trainable_variables, self.current_optimizer)
        self._update_average()
        self.step.assign_add(1)
        return norm

    def descend(self, tape, loss, variables, optimizer):
        """One update of the variables against the gradient of the loss. Returns its norm, unbounded."""
        gradients = [tf.convert_to_tensor(gradient) for gradient in tape.gradient(loss, variables)]
        optimizer.apply_gradients(zip(gradients, variables, strict=True))
        return tf.linalg.global_norm(gradients)

    def track(self, **values):
        for name, value in values.items():
            self.train_trackers[name].update_state(value)

    def draws_seed(self, index, stream):
        """A stateless seed, int32 [2], of (seed, stream, step, index)."""
        seed = tf.random.fold_in(tf.constant([self.seed, stream]), self.step)
        return tf.random.fold_in(seed, index)

    def _update_average(self):
        decay = average_decay(tf.cast(self.step - self.average_start, tf.float32), self.ema_decay)
        for average, variable in self._averaged():
            difference = tf.convert_to_tensor(average) - tf.convert_to_tensor(variable)
            # average −= (1 − decay) · difference, in one pass.
            tf.raw_ops.ResourceApplyGradientDescent(
                var=resource(average).handle, alpha=1 - decay, delta=difference
            )

    def _averaged(self):
        """Pairs of an average and what it is of. The rest is dropout's random state."""
        pairs = zip(self.ema_generator.variables, self.generator.variables, strict=True)
        return [(average, variable) for average, variable in pairs if "float" in str(average.dtype)]


def average_decay(steps, ema_decay):
    """The average's decay after so many steps: (1 + steps) / (10 + steps), ema_decay at most."""
    return tf.minimum(ema_decay, (1 + steps) / (10 + steps))
