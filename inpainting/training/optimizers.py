"""Keras' Adam and RMSprop for gradients that are every replica's: each updates its own copy of a variable."""

import tensorflow as tf
from tensorflow import keras

from inpainting.variables import resource


class Replicated:
    """Mixed into a Keras optimizer, whose state it keeps, in place of how Keras applies gradients.

    Keras adds up the gradients of all replicas, after it has bounded the norm of each, and applies the sum
    outside of them, where no loop can be. Here they come as their mean. `update(place, gradient, variable,
    rate)` is one variable's update, `place` its position among those that the optimizer was built for.
    """

    def apply_gradients(self, grads_and_vars):
        """One update. grads_and_vars: pairs for all variables of `build`, in their order."""
        gradients, variables = zip(*grads_and_vars, strict=True)
        if self.global_clipnorm:
            gradients, _ = tf.clip_by_global_norm(gradients, self.global_clipnorm)
        rate = self.rate()
        for place, (gradient, variable) in enumerate(zip(gradients, variables, strict=True)):
            self.update(place, gradient, resource(variable), rate)
        resource(self.iterations).assign_add(1)

    def rate(self):
        """The learning rate of the next update, a float32 scalar."""
        rate = self._learning_rate
        return rate(resource(self.iterations)) if callable(rate) else tf.convert_to_tensor(resource(rate))


class Adam(Replicated, keras.optimizers.Adam):
    """Keras' Adam, without its amsgrad, in one pass over a variable by TensorFlow's own kernel.

    Keras composes an update from a dozen elementwise operations, each a pass over the variable and most with a
    temporary of its size: a fifth of a generator's step on a CPU. The equations are the same.
    """

    def update(self, place, gradient, variable, rate):
        step = tf.cast(resource(self.iterations), tf.float32) + 1
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=resource(self._momentums[place]).handle,
            v=resource(self._velocities[place]).handle,
            beta1_power=self.beta_1**step,
            beta2_power=self.beta_2**step,
            lr=rate,
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=gradient,
        )


class RMSprop(Replicated, keras.optimizers.RMSprop):
    """Keras' RMSprop, without momentum and centring."""

    def update(self, place, gradient, variable, rate):
        velocity = resource(self._velocities[place])
        velocity.assign(self.rho * velocity + (1 - self.rho) * tf.square(gradient))
        variable.assign_sub(rate * gradient * tf.math.rsqrt(velocity + self.epsilon))
