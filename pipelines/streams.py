"""Images read from disk while they are needed, and what is to be said when they no longer can be."""

import functools
import os
import select
import signal
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from inpainting.errors import InputError

UNREADABLE, READABLE, END_OF_PASS = np.arange(3)


@dataclass(frozen=True)
class Images:
    """One split. count: number of images. decoded: uint8 [count, S, S, 3], or None when it is streamed.

    stream: a tf.data.Dataset of uint8 [S, S, 3], or None when it is in memory. Validation and test images
    come in the split's order. explain: what an error of the stream says of the data, in a line, or None.
    """

    count: int
    decoded: Any = None
    stream: Any = None
    explain: Any = lambda error: None


@contextmanager
def reading(*sources):
    """Where these Images are read: an error that one of them explains becomes an InputError."""
    try:
        yield
    except tf.errors.OpError as error:
        reasons = [reason for images in sources if (reason := images.explain(error))]
        if not reasons:
            raise
        raise InputError(reasons[0]) from error


def streamed(folder, split, names, image_size):
    """The Images of a Folder's pictures `names`, what cannot be read left out.

    A pass that finds nothing readable ends in an error, which `explain` knows. So does the first such picture
    after a signal: its handler waits for the main thread, and that for the stream.
    """
    _clear(_signals())
    blank, lost = np.zeros([image_size] * 2 + [3], np.uint8), []

    def read(name):
        image = folder.read(os.fsdecode(name), image_size)
        if image is None and _arrived(_signals()):
            raise InterruptedError
        return (UNREADABLE, blank) if image is None else (READABLE, image)

    def count(found, picture):
        return found + tf.cast(picture[0] == READABLE, tf.int64), (found, *picture)

    def lose():
        lost.append(folder.unreadable(split))
        raise InterruptedError

    def kept(found, kind, _):
        nothing = kind == END_OF_PASS and found == 0
        return tf.numpy_function(lose, [], tf.bool) if nothing else kind == READABLE

    passing = tf.data.Dataset.from_tensor_slices([os.fsencode(name) for name in names]).map(
        lambda name: tf.numpy_function(read, [name], (tf.int64, tf.uint8)), num_parallel_calls=tf.data.AUTOTUNE
    )
    passing = passing.concatenate(tf.data.Dataset.from_tensors((END_OF_PASS, blank)))
    stream = passing.scan(tf.constant(0, tf.int64), count).filter(kept)
    stream = stream.map(lambda *picture: tf.ensure_shape(picture[-1], blank.shape))
    return Images(len(names), stream=stream, explain=lambda _: lost[0] if lost else None)


@functools.cache
def _signals():
    """The end of a pipe into which Python writes at every signal, at once."""
    here, there = os.pipe()
    os.set_blocking(here, False)
    os.set_blocking(there, False)
    signal.set_wakeup_fd(there, warn_on_full_buffer=False)
    return here


def _arrived(pipe):
    return bool(select.select([pipe], [], [], 0)[0])


def _clear(pipe):
    while _arrived(pipe):
        os.read(pipe, 4096)
