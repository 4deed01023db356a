"""The trace of some steps."""

import pytest
import tensorflow as tf

from inpainting.errors import InputError
from inpainting.training.profile import Profile


class RecordingLoop:
    def __init__(self, events):
        self.events = events

    def step(self):
        self.events.append("step")


def test_the_steps_after_the_first_ten_are_traced(monkeypatch, tmp_path):
    events = []
    monkeypatch.setattr(tf.profiler.experimental, "start", lambda path: events.append(path))
    monkeypatch.setattr(tf.profiler.experimental, "stop", lambda: events.append("stop"))
    profile = Profile(tmp_path, start=100, steps=3, end=200)
    for done in range(100, 115):
        profile.step(RecordingLoop(events), done)
    step = ["step"]
    assert events == [*step * 10, str(tmp_path), *step * 3, "stop", *step * 2]


def test_a_run_that_ends_before_is_refused(tmp_path):
    Profile(tmp_path, start=0, steps=10, end=20)
    with pytest.raises(InputError, match="--profile 11 is of steps 11 to 21, and the run ends at 20"):
        Profile(tmp_path, start=0, steps=11, end=20)


@pytest.mark.slow
def test_a_run_writes_its_trace(small_run, call):
    workdir = small_run("vgg_l2")
    arguments = ["--model", "vgg_l2", "--workdir", workdir, "--resume", "--steps", 40]
    status, stdout, stderr = call("train.py", *arguments, "--profile", 2)
    assert status == 0, stderr
    assert f"traced steps 31 to 32: tensorboard --logdir {workdir}/tensorboard" in stdout
    (trace,) = (workdir / "tensorboard" / "plugins" / "profile").glob("*/*.xplane.pb")
    assert b"Conv2D" in trace.read_bytes()
