"""What ends a program from outside: Ctrl-C, SIGTERM, a closed terminal, a reader of its output that is gone."""

import contextlib
import errno
import os
import signal

from inpainting.errors import DiskError

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
GONE = {errno.EPIPE: signal.SIGPIPE, errno.EIO: signal.SIGHUP}  # a pipe without a reader, a closed terminal


class Stopped(KeyboardInterrupt):
    """The program ends at once. number: of the signal."""

    def __init__(self, number):
        super().__init__()
        self.number = number


def stop_now(number, frame=None):
    raise Stopped(number)


class Stop:
    """A handler that takes note of a signal, its `number`, for whoever asks between two steps.

    A second Ctrl-C or SIGTERM ends the program at once; so does any signal while there is nothing to save yet,
    `at_once`, but for a reader that is gone.
    """

    number = None
    at_once = True

    def __call__(self, number, frame=None):
        again = self.number is not None and number in (signal.SIGINT, signal.SIGTERM)
        if again or (self.at_once and number != signal.SIGPIPE):
            raise Stopped(number)
        if self.number is not None:
            return
        self.number = number
        with contextlib.suppress(RuntimeError):  # it came in the middle of another print
            print("\nstopping after this step (again to stop at once)", flush=True)


@contextlib.contextmanager
def handled_by(handler):
    """The signals of ENDING go to `handler` within. A SIGHUP that is ignored, by `nohup`, stays so."""
    previous = {number: signal.getsignal(number) for number in ENDING}
    if previous[signal.SIGHUP] == signal.SIG_IGN:
        del previous[signal.SIGHUP]
    for number in previous:
        signal.signal(number, handler)
    try:
        yield handler
    finally:
        for number, before in previous.items():
            signal.signal(number, before)


class Output:
    """stdout or stderr. Once nobody can read it, it is mute, and that is as a signal to the program."""

    def __init__(self, stream):
        self.stream = stream

    def __getattr__(self, name):
        return getattr(self.stream, name)

    def write(self, text):
        return self._tried(self.stream.write, text)

    def flush(self):
        self._tried(self.stream.flush)

    def _tried(self, function, *arguments):
        try:
            return function(*arguments)
        except OSError as error:
            if error.errno not in GONE:
                raise DiskError(error.errno, error.strerror, "what the output goes to") from error
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.stream.fileno())
            os.close(nowhere)
            # Not by the signal SIGPIPE itself: a connection that breaks sends it too, and ends no program.
            signal.getsignal(signal.SIGTERM)(GONE[error.errno], None)
