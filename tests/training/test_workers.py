"""Who the workers of a run are, and what becomes of them."""

import json
import os
import signal
import socket
import sys
import time

import pytest

from inpainting import checkpoints
from inpainting.errors import InputError
from inpainting.training import workers
from tests.conftest import small_arguments
from tests.programs.test_train import start, wait_for

MACHINES = {"worker": ["one:2222", "two:2222", "three:2222"]}
several_workers = pytest.mark.skipif(
    not workers.version("keras").startswith("2"), reason="Keras 3 has no MultiWorkerMirroredStrategy"
)


def set_to(monkeypatch, cluster, kind, index, keras="2.15.0"):
    monkeypatch.setattr(workers, "version", lambda name: keras)
    content = {"cluster": cluster, "task": {"type": kind, "index": index}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(content))


@pytest.mark.parametrize(
    ("cluster", "kind", "index", "expected"),
    [
        (MACHINES, "worker", 0, (3, 0, True)),
        (MACHINES, "worker", 2, (3, 2, False)),
        ({"chief": ["zero:2222"], **MACHINES}, "chief", 0, (4, 0, True)),
        ({"chief": ["zero:2222"], **MACHINES}, "worker", 0, (4, 1, False)),
        ({"worker": ["one:2222"]}, "worker", 0, (1, 0, True)),
    ],
)
def test_tf_config(monkeypatch, cluster, kind, index, expected):
    set_to(monkeypatch, cluster, kind, index)
    found = workers.of_environment()
    assert (len(found.addresses), found.index, found.is_chief) == expected
    assert found.several == (expected[0] > 1)


def test_without_tf_config_there_is_one(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    found = workers.of_environment()
    assert found.is_chief and not found.several


@pytest.mark.parametrize(
    "text",
    ["{", "[]", "{}", '{"cluster": {}, "task": {"type": "worker", "index": 0}}', '{"cluster": 1, "task": 2}'],
)
def test_another_tf_config_is_refused(monkeypatch, refused, pictures, tmp_path, text):
    monkeypatch.setenv("TF_CONFIG", text)
    line = refused("train.py", *small_arguments(pictures, tmp_path / "run"))
    assert line.startswith("train.py: TF_CONFIG cannot be read") and '"index": 0' in line


def test_keras_3_is_refused(monkeypatch):
    set_to(monkeypatch, MACHINES, "worker", 0, keras="3.15.1")
    with pytest.raises(InputError, match="several workers need TensorFlow 2.15"):
        workers.of_environment()
    with pytest.raises(InputError, match="several workers need TensorFlow 2.15"):
        workers.start(2, ["true"])


def test_the_one_that_is_gone_is_named():
    with socket.create_server(("127.0.0.1", 0)) as there, socket.create_server(("127.0.0.1", 0)) as gone:
        addresses = tuple(f"127.0.0.1:{end.getsockname()[1]}" for end in (there, there, gone))
        all_there = workers.Workers(addresses, 0)
        assert all_there.gone(seconds=0) is None
        gone.close()
        assert all_there.gone(seconds=0).startswith(f"worker 2 ({addresses[2]}) is gone")


@pytest.mark.parametrize(("codes", "status"), [((0, 0), 0), ((2, 1), 2), ((0, 1), 0)])
def test_the_status_is_the_chief_s(monkeypatch, codes, status):
    """Each worker ends with the code of its place in TF_CONFIG."""
    monkeypatch.setattr(workers, "check_stack", lambda: None)
    place = "json.loads(os.environ['TF_CONFIG'])['task']['index']"
    command = [sys.executable, "-c", f"import json, os; os._exit({codes}[{place}])"]
    assert workers.start(2, command) == status


def test_the_others_have_a_time_to_end(monkeypatch):
    """The chief, which would sleep for minutes, is killed once another has failed: 128 + SIGKILL, or 1."""
    monkeypatch.setattr(workers, "check_stack", lambda: None)
    monkeypatch.setattr(workers, "GRACE", 0.1)
    code = "import os, time; '\"index\": 1' in os.environ['TF_CONFIG'] and os._exit(3); time.sleep(300)"
    began = time.monotonic()
    assert workers.start(2, [sys.executable, "-c", code]) == 1
    assert time.monotonic() - began < 200


def two_workers(pictures, workdir):
    """A run of two workers that has its first checkpoint: its process and the second worker's number."""
    arguments = small_arguments(pictures, workdir, model="vgg_l2", steps=100_000, checkpoint_every=10)
    process = start(*arguments, "--workers", 2)
    wait_for(workdir / "checkpoints" / "last.npz", process)
    _, second = children(process.pid)
    return process, second


@several_workers
@pytest.mark.slow
def test_a_worker_that_dies_ends_the_other_and_fewer_go_on(pictures, tmp_path, call):
    """One line names it, within a minute; one worker alone resumes."""
    workdir = tmp_path / "run"
    process, second = two_workers(pictures, workdir)
    os.kill(second, signal.SIGKILL)
    began = time.monotonic()
    _, stderr = process.communicate(timeout=300)
    assert time.monotonic() - began < 60
    assert process.returncode == 1
    (line,) = [line for line in stderr.splitlines() if line.startswith("train.py: ")]
    assert "worker 1 (127.0.0.1:" in line and "is gone" in line
    groups, _ = checkpoints.load(workdir / "checkpoints" / "last.npz")
    step = int(groups["step"][0])
    options = ["--model", "vgg_l2", "--workdir", workdir, "--resume", "--steps", step + 5]
    status, stdout, stderr = call("train.py", *options)
    assert status == 0, stderr
    assert f"resumed at step {step}" in stdout and (workdir / "saved_model").exists()


@several_workers
@pytest.mark.slow
def test_a_signal_to_one_ends_all(pictures, tmp_path):
    workdir = tmp_path / "run"
    process, second = two_workers(pictures, workdir)
    os.kill(second, signal.SIGTERM)
    stdout, stderr = process.communicate(timeout=300)
    assert process.returncode == 128 + signal.SIGTERM, stderr
    groups, _ = checkpoints.load(workdir / "checkpoints" / "last.npz")
    assert f"stopped at step {int(groups['step'][0])}: continue with" in stdout


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return sorted(map(int, file.read().split()))
