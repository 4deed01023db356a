"""What the user must mend: an input that is refused, a file that the disk refuses."""


class InputError(Exception):
    """A refused input. Its text is one line: what is wrong, where, what to do about it.

    The command-line programs print it and exit with status 2.
    """


class LostWorker(Exception):
    """Another worker of the run is gone. Its text is one line, which the programs print; exit status 1."""


class DiskError(OSError):
    """A file of the user's that could not be read or written: `filename`, and why, `strerror`.

    The command-line programs print it and exit with status 2. Every other OSError is a fault of ours.
    """

    def __str__(self):
        way_out = "free the disk, mend its permissions, or choose another directory"
        return f"{self.filename}: {self.strerror}: {way_out}"


def first_line(error):
    """What an exception says, in one short line."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:120]}" if lines else type(error).__name__
