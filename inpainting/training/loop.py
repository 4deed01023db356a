"""Steps one after the other in one graph, so that nothing waits for the host between them."""

import time

import tensorflow as tf

SECONDS = 1.0  # that a call takes about: a signal waits no longer than that


class Loop:
    """Runs the steps of a trainer, in its present phase, on the elements of a dataset."""

    def __init__(self, trainer, batches):
        self.train_step = trainer.train_step
        if trainer.jit_compile:
            self.train_step = tf.function(self.train_step, jit_compile=True)
        self.iterator = iter(batches)
        self.steps = 1  # of the next call

    def advance(self, limit):
        """Takes up to `limit` steps, as many as fit into SECONDS by the last call. Returns their number."""
        began, steps = time.perf_counter(), min(self.steps, limit)
        self._advance(self.iterator, tf.constant(steps))
        self.steps = max(1, int(steps * SECONDS / (time.perf_counter() - began)))
        return steps

    @tf.function
    def _advance(self, iterator, steps):
        def step(index):
            self.train_step(next(iterator))
            return (index + 1,)

        tf.while_loop(lambda index: index < steps, step, (tf.constant(0),))
