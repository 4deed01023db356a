"""What a run writes of itself: metrics.jsonl, TensorBoard's event files, samples/."""

import contextlib
import json
import os

import tensorflow as tf

from inpainting.config.settings import paths, value_of
from inpainting.files import atomic_file, disk, in_utf8
from inpainting.workdir import read_line

CONFIG = "config"  # the tag of the settings in TensorBoard


class Journal:
    """Writes scalars to metrics.jsonl and TensorBoard, pictures to samples/ and TensorBoard.

    Opened at `step`, it drops what is of later steps: those of an interrupted run that resumes. DiskError where
    it cannot write.
    """

    def __init__(self, workdir, *, step, config):
        self.workdir = workdir
        self._cut(step)
        with disk(workdir.tensorboard, tf.errors.OpError):
            self.writer = tf.summary.create_file_writer(str(in_utf8(workdir.tensorboard)))
        settings = "\n".join(f"    {path} = {value_of(config, path)}" for path in paths(config))
        with self._tensorboard(step):
            tf.summary.text(CONFIG, settings.encode(errors="backslashreplace"))

    def _cut(self, step):
        kept = []
        with disk(self.workdir.path):
            if self.workdir.metrics.exists():
                lines = self.workdir.metrics.read_text().splitlines()
                kept = [line for line in lines if (values := read_line(line)) and values["step"] <= step]
            for path in self.workdir.samples.glob("step_*.png"):
                if int(path.stem.removeprefix("step_")) > step:
                    path.unlink()
            for path in self.workdir.tensorboard.glob("events.*"):
                cut_events(path, step)
        with atomic_file(self.workdir.metrics) as file:
            file.write("".join(f"{line}\n" for line in kept).encode())

    @contextlib.contextmanager
    def _tensorboard(self, step):
        """What is summarised within is written to the event file, as of `step`."""
        with disk(self.workdir.tensorboard, tf.errors.OpError):
            with self.writer.as_default(step=step):
                yield
            self.writer.flush()

    def scalars(self, step, values):
        values = {key: float(value) for key, value in values.items()}
        with disk(self.workdir.metrics), open(self.workdir.metrics, "a") as file:
            file.write(json.dumps({"step": step, **values}) + "\n")
        with self._tensorboard(step):
            for key, value in values.items():
                tf.summary.scalar(key, value)

    def picture(self, step, pixels):
        with disk(self.workdir.samples):
            self.workdir.samples.mkdir(exist_ok=True)
        with atomic_file(self.workdir.samples / f"step_{step:07d}.png") as file:
            file.write(tf.io.encode_png(pixels).numpy())
        with self._tensorboard(step):
            tf.summary.image("context | completion | truth", pixels[None])


def cut_events(path, step):
    """Cuts an event file of TensorBoard, whose steps only grow, behind `step`.

    A record that a killed run has cut goes too, and the settings that a run wrote when it resumed at `step`.
    """
    end = 0
    try:
        for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
            event = tf.compat.v1.Event.FromString(record)
            settings = any(value.tag == CONFIG for value in event.summary.value)
            if event.step > step or (settings and event.step == step):
                break
            end += len(record) + 16  # its length and two checksums
    except tf.errors.DataLossError:
        pass
    os.truncate(path, end)
