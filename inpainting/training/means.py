"""Means of what the steps report, kept in their graph: nothing is read back until somebody asks."""

import tensorflow as tf


class Means:
    """Means of named values over what `update` was given since `reset`, and in how many steps all were finite.

    state: float32 [names + 1, 2], a row of sum and count a name, and in the last one the number of steps until
    a value was not finite.
    """

    def __init__(self, names):
        self.names = list(names)
        self.state = tf.Variable(tf.zeros([len(self.names) + 1, 2]), trainable=False, name="means")

    def reset(self):
        self.state.assign(tf.zeros_like(self.state))

    def update(self, values):
        """Takes in values by name, a scalar or one an image, [B], each."""
        rows = [[0.0, 0.0] for _ in range(len(self.names) + 1)]
        for name, value in values.items():
            count = tf.cast(tf.size(value), tf.float32)
            rows[self.names.index(name)] = [tf.reduce_sum(value), count]
        self.state.assign_add(tf.stack(rows))

    def end_step(self):
        finite = tf.reduce_all(tf.math.is_finite(self.state))
        self.state.assign_add(tf.pad([[tf.cast(finite, tf.float32), 0.0]], [[len(self.names), 0], [0, 0]]))

    def of(self, names):
        """The means of these names: a dict of float32 scalars."""
        means = dict(zip(self.names, tf.unstack(self.state[:-1, 0] / self.state[:-1, 1]), strict=True))
        return {name: means[name] for name in names}

    def finite_steps(self):
        """The number of steps since `reset` before the first with a value that was not finite."""
        return int(self.state[-1, 0])
