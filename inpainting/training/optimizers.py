"""Adam, with each variable updated by TensorFlow's own kernel."""

import tensorflow as tf
from tensorflow import keras

from inpainting.variables import resource


class Adam(keras.optimizers.Adam):
    """Keras' Adam, without its amsgrad, in one pass over a variable.

    Keras composes an update from a dozen elementwise operations, each a pass over the variable and most with a
    temporary of its size: a fifth of a generator's step on a CPU. The equations are the same.
    """

    def build(self, variables):
        super().build(variables)
        moments = zip(variables, self._momentums, self._velocities, strict=True)
        self._moments = {resource(v).ref(): (resource(m), resource(s)) for v, m, s in moments}

    def update_step(self, gradient, variable, learning_rate=None):
        variable = resource(variable)
        momentum, velocity = self._moments[variable.ref()]
        step = tf.cast(tf.convert_to_tensor(self.iterations), tf.float32) + 1
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=momentum.handle,
            v=velocity.handle,
            beta1_power=self.beta_1**step,
            beta2_power=self.beta_2**step,
            lr=tf.convert_to_tensor(self.learning_rate if learning_rate is None else learning_rate),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=gradient,
        )
