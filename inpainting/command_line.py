"""What the two programs share: exit statuses, one-line errors, a quiet TensorFlow."""

import argparse
import errno
import logging
import os
import sys

from inpainting.errors import InputError

DISK_ERRORS = (errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EPERM, errno.EDQUOT, errno.EFBIG, errno.ENOTDIR)

DISK_TEXTS = tuple(os.strerror(number) for number in DISK_ERRORS)
WAY_OUT = "free the disk, mend its permissions, or choose another directory"


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
    stderr = os.dup(2)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        import tensorflow as tf

        tf.config.list_physical_devices()
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)


def run_program(main):
    """Runs `main(argv)` and exits: 0, the status it returns, 2 for what the user must mend, 1 for a failure.

    A refused input and a disk that cannot be written to are one line on stderr.
    """
    logging.basicConfig(format="%(message)s", stream=sys.stderr)
    try:
        status = main(sys.argv[1:])
    except InputError as error:
        _fail(error, 2)
    except OSError as error:
        if error.errno not in DISK_ERRORS:
            raise
        _fail(f"{error.filename or 'the disk'}: {error.strerror}: {WAY_OUT}", 2)
    except FloatingPointError as error:
        _fail(f"{error}: the last checkpoint, if any, is good; try a smaller learning rate", 1)
    except KeyboardInterrupt:
        _fail("interrupted", 130)
    except Exception as error:
        # TensorFlow's own writers (export, TensorBoard) put the disk's error into their message.
        line = next(
            (line for line in str(error).splitlines() if any(text in line for text in DISK_TEXTS)), None
        )
        if line is None:
            raise
        _fail(f"{line}: {WAY_OUT}", 2)
    sys.exit(status)


def _fail(message, status):
    program = os.path.basename(sys.argv[0])
    print(f"{program}: {message}", file=sys.stderr)
    sys.exit(status)
