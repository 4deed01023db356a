"""One step on several devices, of one machine or of several, by tf.distribute."""

import contextlib
import os
import signal

import tensorflow as tf

from inpainting.errors import InputError, LostWorker


def strategy(workers, devices=None):
    """The tf.distribute strategy of a run on these Workers. To be made before TensorFlow does anything.

    devices: how many of this machine's GPUs, by default all. A machine without one divides its processor, for
    trying. InputError where there are not as many.
    """
    gpus = tf.config.list_physical_devices("GPU")
    devices = devices or len(gpus) or 1
    if gpus and devices > len(gpus):
        raise InputError(f"--devices {devices}: this machine has {len(gpus)} GPUs")
    tf.config.set_visible_devices(gpus[:devices], "GPU")
    if not gpus and devices > 1:
        (processor,) = tf.config.list_physical_devices("CPU")
        part = tf.config.LogicalDeviceConfiguration()
        tf.config.set_logical_device_configuration(processor, [part] * devices)
    if workers.several:
        return tf.distribute.MultiWorkerMirroredStrategy()
    if devices == 1:
        return tf.distribute.get_strategy()
    shared = tf.config.list_logical_devices("GPU" if gpus else "CPU")
    return tf.distribute.MirroredStrategy([device.name for device in shared])


def check_batch_size(strategy, batch_size):
    """Refuses a batch that the devices cannot share evenly."""
    count = strategy.num_replicas_in_sync
    if batch_size % count:
        raise InputError(
            f"batch_size={batch_size} cannot be shared evenly by {count} devices: choose a multiple of {count}"
        )


@contextlib.contextmanager
def among(workers):
    """A run of these Workers: all but the chief are mute, and a failure since another one is gone says so."""
    with open(os.devnull, "w") as nowhere:
        try:
            with contextlib.nullcontext() if workers.is_chief else contextlib.redirect_stdout(nowhere):
                yield
        except tf.errors.OpError as error:
            if workers.several and (line := workers.gone()):
                raise LostWorker(line) from error
            raise


class Agreement:
    """What ends a run for all of its workers, asked for at the same steps by all.

    number: that of the signal that they have agreed on; a worker that got none has SIGTERM's. stop: this
    worker's inpainting.signals.Stop. progress: its `stopped` becomes that of any of them.
    """

    number = None

    def __init__(self, strategy, stop, progress):
        self.strategy, self.stop, self.progress = strategy, stop, progress

    def __call__(self, step):
        flags = tf.constant([bool(self.stop.number), self.progress["stopped"]])
        signalled, self.progress["stopped"] = map(bool, self._of_any(flags))
        if signalled:
            self.stop.number = self.number = self.stop.number or signal.SIGTERM

    @tf.function
    def _of_any(self, flags):
        counts = self.strategy.run(lambda: tf.cast(flags, tf.int32))
        return self.strategy.reduce("SUM", counts, axis=None) > 0

    def wait(self):
        """Until all have come here."""
        self._of_any(tf.constant([False]))
