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
    """One split, as one of `decoded`, `crops` and `stream`; the others are None. count: number of images.

    decoded: uint8 [count, S, S, 3]. crops: the pipelines.crops.Crops of `count` pictures. stream: a
    tf.data.Dataset of uint8 [S, S, 3], of what does not fit into the memory. Validation and test images come in
    the split's order. explain: the line on what is wrong with the data, given an error of the stream or
    None, or None where nothing is.
    """

    count: int
    decoded: Any = None
    crops: Any = None
    stream: Any = None
    explain: Any = lambda error: None


@contextmanager
def reading(*sources):
    """Where these Images are read: what is found wrong with one of them is an InputError."""
    try:
        yield
    except tf.errors.OpError as error:
        check(*sources, error=error)
        raise
    check(*sources)


def check(*sources, error=None):
    """Raises the InputError that one of these Images has for an error, or without one."""
    for images in sources:
        if reason := images.explain(error):
            raise InputError(reason) from error


def streamed(folder, split, names, image_size):
    """The Images of a Folder's pictures `names`, what cannot be read left out.

    A pass that finds nothing readable is the end, which `explain` knows: the stream fails. So it does after a
    signal, whose handler waits for the main thread, and that for the stream. But a training step may not fail,
    or half of it is done: there the last picture comes again and again, without being read, and whether this is
    the end is to be checked between the steps.
    """
    _clear(_signals())
    lost, trains, last = [], split == "train", folder.first(split, image_size)
    end_of_pass = tf.data.Dataset.from_tensors((END_OF_PASS, last))

    def read(name):
        nonlocal last
        ended = lost or _arrived(_signals())
        if ended and not trains:
            raise InterruptedError
        image = last if ended else folder.read(os.fsdecode(name), image_size)
        if image is None:
            return UNREADABLE, last
        last = image
        return READABLE, image

    def lose():
        lost.append(folder.unreadable(split))
        if not trains:
            raise InterruptedError
        return True

    def count(found, picture):
        return found + tf.cast(picture[0] == READABLE, tf.int64), (found, *picture)

    def kept(found, kind, _):
        nothing = kind == END_OF_PASS and found == 0
        return tf.numpy_function(lose, [], tf.bool) if nothing else kind == READABLE

    passing = tf.data.Dataset.from_tensor_slices([os.fsencode(name) for name in names]).map(
        lambda name: tf.numpy_function(read, [name], (tf.int64, tf.uint8)), num_parallel_calls=tf.data.AUTOTUNE
    )
    stream = passing.concatenate(end_of_pass).scan(tf.constant(0, tf.int64), count).filter(kept)
    stream = stream.map(lambda *picture: tf.ensure_shape(picture[-1], last.shape))
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
