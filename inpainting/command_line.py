"""What the programs share: exit statuses, one-line errors, a quiet TensorFlow."""

import argparse
import contextlib
import errno
import logging
import os
import signal
import sys

from inpainting.errors import DiskError, InputError, LostWorker
from inpainting.signals import Output, Stopped, handled_by, stop_now


class Parser(argparse.ArgumentParser):
    """An ArgumentParser that refuses in one line, without repeating the usage."""

    def __init__(self, **options):
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, **options)

    def error(self, message):
        raise InputError(f"{message} (see --help)")


def import_tensorflow():
    """Imports TensorFlow without its start-up notes, some of which no setting turns off.

    Set TF_CPP_MIN_LOG_LEVEL=0 to see them, for instance where a GPU is not found.
    """
    if "TF_CPP_MIN_LOG_LEVEL" in os.environ:
        return
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
    with quiet():
        import tensorflow as tf

        tf.config.list_physical_devices()


@contextlib.contextmanager
def quiet():
    """Lets go of what is written to stderr, also by libraries; an exception passes."""
    stderr = os.dup(2)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)


def run_program(main):
    """Runs `main(argv)` and exits: 0, the status it returns, 2 for what the user must mend, 1 for a failure.

    128 + its number for a signal that stopped it. All but a fault of ours is at most one line on stderr.
    """
    logging.basicConfig(format="%(message)s", stream=sys.stderr)
    sys.stdout.reconfigure(errors="backslashreplace")  # names of any bytes are printed
    with (
        contextlib.redirect_stdout(Output(sys.stdout)),
        contextlib.redirect_stderr(Output(sys.stderr)),
        handled_by(stop_now),
    ):
        message, status = _ended(main)
        with contextlib.suppress(Stopped):  # nobody reads it
            sys.stdout.flush()
            if message:
                print(f"{os.path.basename(sys.argv[0])}: {message}", file=sys.stderr, flush=True)
    sys.exit(status)


def _ended(main):
    """Runs `main`. Returns what is to be said of its end, or None, and the exit status."""
    try:
        try:
            status = main(sys.argv[1:])
        except SystemExit as ended:  # --help
            status = ended.code
        sys.stdout.flush()  # here, where a broken pipe has its status
        return None, status
    except (InputError, DiskError) as error:
        return error, 2
    except LostWorker as error:
        return error, 1
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
        return f"{error.filename}: a name of that length cannot be: give a shorter one", 2
    except FloatingPointError as error:
        return f"{error}: the last checkpoint, if any, is good; try a smaller learning rate", 1
    except Stopped as stopped:
        name = signal.Signals(stopped.number).name
        return None if name == "SIGPIPE" else f"stopped by {name}", 128 + stopped.number
    except Exception as error:
        if not _is_of_memory(error):
            raise
        text = str(error).partition("\n")[0] if isinstance(error, MemoryError) else ""
        return f"out of memory: {text or 'free some, or use the CPU: CUDA_VISIBLE_DEVICES=-1'}", 1


def _is_of_memory(error):
    """Whether an exception is Python's or TensorFlow's of too little memory."""
    tensorflow = sys.modules.get("tensorflow")
    kinds = (MemoryError, tensorflow.errors.ResourceExhaustedError) if tensorflow else MemoryError
    return isinstance(error, kinds)
