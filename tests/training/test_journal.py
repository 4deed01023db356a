"""What a run writes of itself, and what of it a resumed run keeps."""

import json

import numpy as np
import pytest
import tensorflow as tf

from inpainting.config.experiments import experiment
from inpainting.errors import DiskError
from inpainting.training.journal import Journal
from inpainting.workdir import Workdir

CONFIG = experiment("vgg_l2")
PIXELS = np.zeros((2, 2, 3), np.uint8)


@pytest.fixture
def workdir(tmp_path):
    workdir = Workdir(tmp_path)
    workdir.create(CONFIG, overwrite=False)
    return workdir


def opened(workdir, step, until):
    """A journal opened at a step, with a loss of each step after that and a picture of the last."""
    journal = Journal(workdir, step=step, config=CONFIG)
    for later in range(step + 1, until + 1):
        journal.scalars(later, {"loss": later})
    journal.picture(until, PIXELS)
    journal.writer.close()


def events(workdir):
    """The steps of each tag in TensorBoard's files."""
    steps = {}
    for path in workdir.tensorboard.glob("events.*"):
        for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
            event = tf.compat.v1.Event.FromString(record)
            for value in event.summary.value:
                steps.setdefault(value.tag, []).append(event.step)
    return {tag: sorted(found) for tag, found in steps.items()}


def test_a_resumed_run_has_each_step_once(workdir):
    opened(workdir, 0, 5)
    opened(workdir, 3, 6)  # killed after step 5, with a checkpoint of step 3
    opened(workdir, 3, 4)  # killed again, before its next one
    steps = events(workdir)
    (picture,) = (tag for tag in steps if tag.startswith("context"))
    assert steps == {"config": [0, 3], "loss": [1, 2, 3, 4], picture: [4]}
    assert [json.loads(line)["step"] for line in workdir.metrics.read_text().splitlines()] == [1, 2, 3, 4]
    assert [path.name for path in workdir.samples.iterdir()] == ["step_0000004.png"]


def test_a_record_that_was_cut_goes(workdir):
    opened(workdir, 0, 3)
    (path,) = workdir.tensorboard.glob("events.*")
    path.write_bytes(path.read_bytes()[:-7])  # as kill -9 leaves it: the picture of step 3
    with pytest.raises(tf.errors.DataLossError):
        events(workdir)
    Journal(workdir, step=3, config=CONFIG).writer.close()
    assert events(workdir) == {"config": [0, 3], "loss": [1, 2, 3]}


def test_what_cannot_be_written_is_named(workdir):
    journal = Journal(workdir, step=0, config=CONFIG)
    journal.writer.close()
    workdir.metrics.unlink()
    workdir.metrics.mkdir()
    with pytest.raises(DiskError, match="metrics.jsonl: Is a directory"):
        journal.scalars(1, {"loss": 1.0})
    workdir.metrics.rmdir()
    workdir.tensorboard.rename(workdir.path / "away")
    workdir.tensorboard.write_text("")
    with pytest.raises(DiskError, match="tensorboard"):
        Journal(Workdir(workdir.path), step=0, config=CONFIG)
