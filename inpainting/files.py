"""Files that are either there or not: written beside their place and renamed."""

import contextlib
import errno
import json
import os
import re
import shutil
from pathlib import Path

from inpainting.errors import DiskError


@contextlib.contextmanager
def disk(path, errors=OSError):
    """Where the user's file or directory `path` is read or written: `errors` within are a DiskError.

    It names the very file where the error does.
    """
    try:
        yield
    except DiskError:
        raise
    except errors as error:
        named = getattr(error, "filename", None)
        named = named if named and not is_temporary(named) else path
        reason = getattr(error, "strerror", None) or str(error).partition("\n")[0]
        raise DiskError(getattr(error, "errno", None), reason, str(named)) from error


def beside(path):
    """The name under which this process writes what will be `path`."""
    return Path(path).with_name(f".{Path(path).name}.{os.getpid()}.tmp")


def is_temporary(path):
    """Whether a path is one that `beside` gave, to this or another process, of this version or 0.1.0."""
    return re.fullmatch(r"\..+\.\d+\.tmp|\.(.+\.(npz|png|jsonl?)|\d+)\.\d+", Path(path).name) is not None


class atomic_file:
    """Context manager: a binary file beside `path` that takes its place at the end, or vanishes on an error.

    DiskError where it cannot be written.
    """

    def __init__(self, path):
        self.path = Path(path)
        self.beside = beside(path)

    def __enter__(self):
        with disk(self.path):
            self.file = open(self.beside, "wb")
        return self.file

    def __exit__(self, kind, error, traceback):
        try:
            with disk(self.path):
                if isinstance(error, OSError) and error.filename is None:  # a write to the open file
                    raise error
                if kind is None:
                    self.file.flush()
                    os.fsync(self.file.fileno())
                    self.file.close()
                    os.replace(self.beside, self.path)
                    sync_directory(self.path.parent)
        finally:
            with contextlib.suppress(OSError):  # what was refused is refused again
                self.file.close()
            self.beside.unlink(missing_ok=True)


def shown(path):
    """A path as one line that can be printed, whatever bytes its name is made of."""
    text = os.fsencode(path).decode(errors="backslashreplace")
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def in_utf8(path):
    """A path to the same place that TensorFlow can write to, which takes names in UTF-8 alone.

    From the last folder that exists on, which is entered by a descriptor where a name is not UTF-8.
    """
    path = Path(path)
    if path == Path(os.fsencode(path).decode(errors="replace")):
        return path
    there = next(parent for parent in path.parents if parent.is_dir())
    return Path(f"/proc/self/fd/{os.open(there, os.O_RDONLY)}") / path.relative_to(there)


def write_json(path, values):
    with atomic_file(path) as file:
        file.write((json.dumps(values, indent=2) + "\n").encode())


def sync_directory(path):
    """Has the names in a directory outlast a power cut, where the file system can."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except PermissionError:  # one that may be entered, but not read
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


def place_directory(new, path):
    """Gives the directory `new` the name `path`, once its files are on the disk. OSError if that is taken."""
    for folder, _, names in os.walk(new):
        for name in names:
            with open(Path(folder) / name, "rb") as file:
                os.fsync(file.fileno())
        sync_directory(folder)
    os.rename(new, path)
    sync_directory(path.parent)


def remove(path):
    """Removes a file, a directory, or what is in a directory that a link leads to, where there is any."""
    path = Path(path)
    if path.is_symlink() and path.is_dir():
        for inside in path.iterdir():
            remove(inside)
    elif path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
