"""What all training shares: one descent step, the moving average of the weights, the means of the losses."""

import numpy as np
import tensorflow as tf

from inpainting import replicas
from inpainting.training.means import Means
from inpainting.variables import ordered_variables, resource


class Trainer:
    """Trains a generator, the network that fills holes, and keeps an average of its weights.

    ema_generator: a second network of the same structure; after each step its weights move towards the
    generator's by 1 − ema_decay (faster in the first steps, so that the average does not remember the start).
    Batch normalisation's moving statistics are averaged with them. Validation, samples, evaluation and export
    use the average. l2_regularization: weight of ½ Σ w² over all kernels in the loss. seed: of everything
    a step draws.

    A step's data is a dict of `image`, `mask` and `context`, each [K, B, S, S, C]; the generator learns from
    the last of the K batches. A method defines TRACKED, the names of what it can log (`reported`: of what it
    does in this phase), `generator_step(batch)`, and `test_step(batch)`, whose values, a dict of [B], it is
    validated by. Its constructor takes the fields of its section in inpainting/config/methods.py by keyword.
    """

    def __init__(
        self,
        *,
        generator,
        ema_generator,
        ema_decay=0.999,
        l2_regularization=0.0,
        seed=0,
    ):
        self.generator = generator
        self.ema_generator = ema_generator
        for average, variable in zip(ema_generator.variables, generator.variables, strict=True):
            average.assign(resource(variable).read_value())
        self.ema_decay = ema_decay
        self.l2_regularization = l2_regularization
        self.seed = seed
        self.strategy = tf.distribute.get_strategy()
        self.step = tf.Variable(0, dtype=tf.int64, trainable=False, name="step")
        self.average_start = 0  # the step from which on weights count in the average
        self.means = Means(self.TRACKED)
        self._test = tf.function(self.test_step, reduce_retracing=True)

    def compile(self, *, generator_optimizer, jit_compile=False):
        """Sets the optimizers, and whether XLA compiles a step."""
        self.jit_compile = jit_compile
        self.generator_optimizer = generator_optimizer
        generator_optimizer.build(self.generator.trainable_variables)

    def begin_phase(self, phase):
        """To be called before a Loop is made: each Phase of a run is traced into a graph of its own."""

    @property
    def current_optimizer(self):
        """The generator's in this phase."""
        return self.generator_optimizer

    @property
    def reported(self):
        return self.TRACKED

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
        return self.end_step()

    def end_step(self):
        """Returns the means of what this phase logs."""
        self.means.end_step()
        return self.means.of(self.reported, resource(self.means.state))

    def evaluate(self, batches):
        """The validation values, exact means over the images of `evaluation_batches`: a dict of floats."""
        totals, count = {}, 0
        for batch in batches:
            for name, values in self._test(batch).items():
                totals[name] = totals.get(name, 0.0) + np.sum(values, dtype=np.float64)
            count += len(batch["image"])
        return self.summarise({name: total / count for name, total in totals.items()})

    def summarise(self, means):
        """The validation values from the means of those of `test_step`."""
        return means

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
        resource(self.step).assign_add(1)
        return norm

    def descend(self, tape, loss, variables, optimizer):
        """One update of the variables against the gradient of the loss. Returns its norm, unbounded.

        loss: a mean over this replica's rows of the batch, of which each has as many: the mean of all replicas'
        gradients is that of the batch's loss.
        """
        gradients = [tf.convert_to_tensor(gradient) for gradient in tape.gradient(loss, variables)]
        gradients = replicas.mean_of_gradients(gradients, self.generator.compute_dtype)
        optimizer.apply_gradients(zip(gradients, variables, strict=True))
        return tf.linalg.global_norm(gradients)

    def track(self, **values):
        self.means.update(values)

    def draws_seed(self, index, stream):
        """A stateless seed, int32 [2], of (seed, stream, step, index), the same on all replicas."""
        seed = tf.random.fold_in(tf.constant([self.seed, stream]), resource(self.step))
        return tf.random.fold_in(seed, index)

    def _update_average(self):
        steps = resource(self.step) - self.average_start
        decay = average_decay(tf.cast(steps, tf.float32), self.ema_decay)
        for average, variable in self._averaged():
            average = resource(average)
            # average −= (1 − decay) · difference, in one pass.
            tf.raw_ops.ResourceApplyGradientDescent(
                var=average.handle, alpha=1 - decay, delta=average - resource(variable)
            )

    def _averaged(self):
        """Pairs of an average and what it is of. The rest is dropout's random state."""
        pairs = zip(self.ema_generator.variables, self.generator.variables, strict=True)
        return [(average, variable) for average, variable in pairs if "float" in str(average.dtype)]


def average_decay(steps, ema_decay):
    """The average's decay after so many steps: (1 + steps) / (10 + steps), ema_decay at most."""
    return tf.minimum(ema_decay, (1 + steps) / (10 + steps))
