"""Whose a directory is: one process at a time."""

import contextlib
import fcntl
import os
import socket
import time
from pathlib import Path

from inpainting.errors import InputError
from inpainting.files import disk


class Lock:
    """A file that a process holds until it ends, however it does: the kernel lets go of it.

    The file says who holds it: process, host, since when. As a context manager it takes the lock where the
    directory is there; of a directory that is made later, `take` does. On a file system without locks it is
    the file itself that counts, as long as its process is there.
    """

    def __init__(self, path):
        self.path = Path(path)
        self.descriptor = None

    def __enter__(self):
        if self.path.parent.is_dir():
            self.take()
        return self

    def __exit__(self, *_):
        if self.descriptor is not None:
            with contextlib.suppress(OSError):  # one that stays is free none the less
                self.path.unlink()
            os.close(self.descriptor)
            self.descriptor = None

    def take(self):
        """InputError, which says whose it is, where another process holds it; nothing where this one does."""
        with disk(self.path):
            while self.descriptor is None:
                self.descriptor = self._try()
            os.ftruncate(self.descriptor, 0)
            since = time.strftime("%Y-%m-%d %H:%M:%S")
            os.pwrite(self.descriptor, f"{os.getpid()}\n{socket.gethostname()}\n{since}\n".encode(), 0)

    def _try(self):
        """The descriptor of the locked file; None where its holder has just removed it."""
        flags, found = os.O_RDWR | os.O_CREAT, True
        try:
            descriptor, found = os.open(self.path, flags | os.O_EXCL, 0o644), False
        except FileExistsError:
            descriptor = os.open(self.path, flags, 0o644)
        holder = os.pread(descriptor, 1000, 0).decode(errors="replace").split("\n")
        free, way_out = True, "wait until it ends, stop it, or choose another --workdir"
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            free = False
        except OSError:  # a file system without locks
            free = not found or _is_gone(holder)
            way_out += f"; if it is gone, remove {self.path}"
        if not free:
            os.close(descriptor)
            raise InputError(f"{self.path.parent} is in use by {_said(holder)}: {way_out}")
        if not self.path.exists() or not os.path.samestat(os.fstat(descriptor), self.path.stat()):
            os.close(descriptor)
            return None
        if found and len(holder) > 2:
            print(f"{self.path.parent} was in use by {_said(holder)}, which is gone: taken over", flush=True)
        return descriptor


def _said(holder):
    if len(holder) < 3:
        return "another process"
    return f"process {holder[0]} on {holder[1]}, since {holder[2]}"


def _is_gone(holder):
    """Whether the process of a holder is no more: that of another host may always be."""
    if len(holder) < 3 or holder[1] != socket.gethostname():
        return False
    try:
        os.kill(int(holder[0]), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return False
