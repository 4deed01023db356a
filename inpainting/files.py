"""Files that are either there or not: written beside their place and renamed."""

import json
import os
from pathlib import Path


class atomic_file:
    """Context manager: a binary file beside `path` that takes its place at the end, or vanishes on an error."""

    def __init__(self, path):
        self.path = Path(path)
        self.beside = self.path.with_name(f".{self.path.name}.{os.getpid()}")

    def __enter__(self):
        self.file = open(self.beside, "wb")
        return self.file

    def __exit__(self, kind, error, traceback):
        try:
            if kind is None:
                self.file.flush()
                os.fsync(self.file.fileno())
            self.file.close()
            if kind is None:
                os.replace(self.beside, self.path)
        finally:
            self.beside.unlink(missing_ok=True)


def write_json(path, values):
    with atomic_file(path) as file:
        file.write((json.dumps(values, indent=2) + "\n").encode())
