"""The steps: each is one graph, from data to averages, of which nothing is read back and none waits for it."""

import tensorflow as tf

from inpainting import replicas


class Loop:
    """Runs the steps of a trainer, in its present phase, on the elements of a dataset.

    Every replica takes its rows of each of an element's batches: what a step does depends on the whole batch
    alone, not on their number. One step a call, so that a signal waits for no more than one; a GPU, of which
    nothing is read, runs behind the calls.
    """

    def __init__(self, trainer, batches):
        self.strategy = trainer.strategy
        self.train_step = trainer.train_step
        if trainer.jit_compile:
            self.train_step = tf.function(self.train_step, jit_compile=True)
        self.iterator = iter(batches)

    def step(self):
        """Runs one step; on a GPU it begins one, and returns."""
        self._step(self.iterator)

    @tf.function
    def _step(self, iterator):
        self.strategy.run(self._on_replica, (next(iterator),))

    def _on_replica(self, batches):
        with tf.device("CPU:0"):  # where they are: a GPU is sent its own rows
            batches = {key: replicas.own_rows(value, axis=1) for key, value in batches.items()}
        self.train_step(batches)
