"""Means of what the steps report, kept in their graph: nothing is read back until somebody asks."""

import tensorflow as tf

from inpainting.variables import resource


class Means:
    """Means of named values over what `update` was given since `reset`, and in how many steps all were finite.

    state: float32 [names + 1, 2], a row of sum and count a name, and in the last one the number of steps until
    a value was not finite. Every replica has its own: `total` is their sum.
    """

    def __init__(self, names):
        self.names = list(names)
        self.strategy = tf.distribute.get_strategy()
        self.state = tf.Variable(tf.zeros([len(self.names) + 1, 2]), trainable=False, name="means")

    def reset(self):
        self.state.assign(tf.zeros_like(self.state))

    def update(self, values):
        """Takes in values by name, a scalar or one an image, [B], each."""
        rows = [[0.0, 0.0] for _ in range(len(self.names) + 1)]
        for name, value in values.items():
            count = tf.cast(tf.size(value), tf.float32)
            rows[self.names.index(name)] = [tf.reduce_sum(value), count]
        resource(self.state).assign_add(tf.stack(rows))

    def end_step(self):
        state = resource(self.state)
        finite = tf.cast(tf.reduce_all(tf.math.is_finite(state)), tf.float32)
        state.assign_add(tf.pad([[finite, 0.0]], [[len(self.names), 0], [0, 0]]))

    @tf.function
    def total(self):
        """The sum of all replicas' states, to be asked for by all workers at once."""
        states = self.strategy.run(lambda: resource(self.state).read_value())
        return self.strategy.reduce("SUM", states, axis=None)

    def of(self, names, state):
        """The means of these names by a state: a dict of float32 scalars."""
        means = dict(zip(self.names, tf.unstack(state[:-1, 0] / state[:-1, 1]), strict=True))
        return {name: means[name] for name in names}

    def finite_steps(self, state):
        """The number of steps since `reset` before the first with a value that was not finite."""
        return int(state[-1, 0] / self.strategy.num_replicas_in_sync)
