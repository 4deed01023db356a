"""A trace of some steps for TensorBoard's profiler."""

import tensorflow as tf

from inpainting.errors import InputError
from inpainting.files import in_utf8

BEFORE = 10  # steps of a run that are left out: TensorFlow makes its graphs, and memory is handed out


class Profile:
    """Writes a trace of `steps` steps, after the first BEFORE from `start` on, to a directory of TensorBoard.

    InputError where the run, of `end` steps, has fewer.
    """

    def __init__(self, directory, *, start, steps, end):
        self.directory = directory
        self.first, self.end = start + BEFORE, start + BEFORE + steps
        if self.end > end:
            raise InputError(
                f"--profile {steps} is of steps {self.first + 1} to {self.end}, and the run ends at {end}"
            )

    def advance(self, loop, step, limit):
        """`loop.advance(limit)` after `step` steps; of the steps that are traced, one."""
        if step < self.first:
            return loop.advance(min(limit, self.first - step))
        if step >= self.end:
            return loop.advance(limit)
        if step == self.first:
            tf.profiler.experimental.start(str(in_utf8(self.directory)))
        with tf.profiler.experimental.Trace("train", step_num=step, _r=1):
            loop.advance(1)
        if step + 1 == self.end:
            tf.profiler.experimental.stop()
            print(
                f"\ntraced steps {self.first + 1} to {self.end}: tensorboard --logdir {self.directory}",
                flush=True,
            )
        return 1
