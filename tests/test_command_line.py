"""How a program ends: by the type of what ended it, never by the words in it."""

import errno
import signal
import sys

import pytest
import tensorflow as tf

from inpainting.command_line import run_program
from inpainting.errors import DiskError, InputError
from inpainting.signals import Stopped


@pytest.fixture
def ended(monkeypatch, capsys):
    """A function: the status and stderr of a program whose main raises an exception."""
    monkeypatch.setattr(sys, "argv", ["train.py"])

    def run(error):
        def main(argv):
            raise error

        with pytest.raises(SystemExit) as end:
            run_program(main)
        return end.value.code, capsys.readouterr().err

    return run


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (InputError("no"), 2, "train.py: no\n"),
        (DiskError(errno.ENOSPC, "No space left", "/x"), 2, "train.py: /x: No space left: free the disk, "),
        (FloatingPointError("loss is not finite"), 1, "train.py: loss is not finite: the last checkpoint"),
        (MemoryError("a smaller --batch-size"), 1, "train.py: out of memory: a smaller --batch-size\n"),
        (tf.errors.ResourceExhaustedError(None, None, "OOM when"), 1, "train.py: out of memory: free some"),
        (Stopped(signal.SIGINT), 130, "train.py: stopped by SIGINT\n"),
        (Stopped(signal.SIGHUP), 129, "train.py: stopped by SIGHUP\n"),
        (Stopped(signal.SIGPIPE), 141, ""),
    ],
    ids=["input", "disk", "not finite", "memory", "TensorFlow's memory", "SIGINT", "SIGHUP", "SIGPIPE"],
)
def test_an_ending_is_one_line(ended, error, status, line):
    code, stderr = ended(error)
    assert code == status and stderr.startswith(line) and stderr.count("\n") == bool(line)


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.EACCES, "Permission denied", "/usr/lib/x"),
        ValueError("No space left on device"),
        tf.errors.PermissionDeniedError(None, None, "Permission denied"),
    ],
    ids=["OSError", "ValueError", "TensorFlow's"],
)
def test_a_fault_of_ours_is_no_fault_of_the_user_s(ended, error):
    with pytest.raises(type(error)):
        ended(error)


def test_a_signal_ends_a_program(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["evaluate.py"])
    with pytest.raises(SystemExit) as end:
        run_program(lambda argv: signal.raise_signal(signal.SIGTERM))
    assert end.value.code == 143 and capsys.readouterr().err == "evaluate.py: stopped by SIGTERM\n"
