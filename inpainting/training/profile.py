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

    def step(self, loop, done):
        """`loop.step()` after `done` steps."""
        if done == self.first:
            tf.profiler.experimental.start(str(in_utf8(self.directory)))
        if not self.first <= done < self.end:
            loop.step()
            return
        with tf.profiler.experimental.Trace("train", step_num=done, _r=1):
            loop.step()
        if done + 1 == self.end:
            tf.profiler.experimental.stop()
            print(
                f"\ntraced steps {self.first + 1} to {self.end}: tensorboard --logdir {self.directory}",
                flush=True,
            )
