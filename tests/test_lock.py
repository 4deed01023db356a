"""Whose a directory is, on file systems with locks and without."""

import errno
import fcntl
import os
import signal
import socket

import pytest

from inpainting.errors import DiskError, InputError
from inpainting.lock import Lock
from tests.conftest import command

GONE = 2**30  # no process has this number


def written(path, process, host=None):
    path.write_text(f"{process}\n{host or socket.gethostname()}\n2026-01-02 03:04:05\n")
    return path


def test_the_second_is_told_whose_it_is(tmp_path):
    with Lock(tmp_path / "lock") as lock:
        lock.take()  # which it has
        told = rf"in use by process {os.getpid()} on {socket.gethostname()}, since \d{{4}}-"
        with pytest.raises(InputError, match=told):
            Lock(tmp_path / "lock").take()
    assert not list(tmp_path.iterdir())
    with Lock(tmp_path / "lock"):
        pass


def test_a_killed_process_holds_nothing(tmp_path, capsys):
    path = tmp_path / "lock"
    code = f"import os, inpainting.lock as l; l.Lock({str(path)!r}).take(); os.kill(os.getpid(), 9)"
    assert command("-c", code).returncode == -signal.SIGKILL and path.exists()
    capsys.readouterr()
    with Lock(path):
        (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith(f"{tmp_path} was in use by process ") and line.endswith("which is gone: taken over")


def test_a_directory_that_is_not_there_is_not_made(tmp_path):
    with Lock(tmp_path / "run" / "lock") as lock:
        assert not list(tmp_path.iterdir())
        with pytest.raises(DiskError, match="run/lock: No such file"):
            lock.take()


@pytest.mark.parametrize(
    ("process", "host", "free"), [(GONE, None, True), (os.getppid(), None, False), (GONE, "elsewhere", False)]
)
def test_without_locks_the_process_counts(tmp_path, monkeypatch, capsys, process, host, free):
    def none_here(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", none_here)
    path = written(tmp_path / "lock", process, host)
    lock = Lock(path)
    if free:
        with lock:
            assert "which is gone: taken over" in capsys.readouterr().out
        assert not path.exists()
    else:
        with pytest.raises(InputError, match=f"if it is gone, remove {path}"):
            lock.take()
        assert path.exists()
