"""Images read from disk while they are needed, and what is to be said when they no longer can be."""

import functools
import os
import select
import signal
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from inpainting.errors import InputError
from pipelines.order import shuffled_index

SHUFFLE_BUFFER = 10_000  # records, or fewer
SHUFFLE_BYTES = 256 * 2**20  # of them


@dataclass(frozen=True)
class Images:
    """One split, as one of `decoded`, `crops`, `stream` and `endless`. count: number of images.

    decoded: uint8 [count, S, S, 3]. crops: the pipelines.crops.Crops of `count` pictures. Where the memory does
    not hold them, stream: of validation or test, a tf.data.Dataset of uint8 [S, S, 3] in the split's order;
    endless: of training, a function (seed, position) -> such a dataset of the images from that position on,
    each epoch in an order of its own. explain: the line on what is wrong with the data, given an error of the
    stream or None, or None where nothing is.
    """

    count: int
    decoded: Any = None
    crops: Any = None
    stream: Any = None
    endless: Any = None
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


def held_out_pictures(folder, split, names, image_size):
    """The Images of a Folder's pictures `names`, what cannot be read left out.

    Where nothing can be read, which `explain` knows, and after a signal the stream fails: the signal's handler
    waits for the main thread, and that for the stream.
    """
    _clear(_signals())
    found, lost, first = [], [], folder.first(split, image_size)

    def read(name):
        if _arrived(_signals()):
            raise InterruptedError
        image = folder.read(os.fsdecode(name), image_size)
        found.extend([True] * (image is not None))
        return (False, first) if image is None else (True, image)

    def end():
        if not found:
            lost.append(folder.unreadable(split))
            raise InterruptedError
        found.clear()
        return False, first

    types = tf.bool, tf.uint8
    passing = tf.data.Dataset.from_tensor_slices([os.fsencode(name) for name in names]).map(
        lambda name: tf.numpy_function(read, [name], types), num_parallel_calls=tf.data.AUTOTUNE
    )
    ending = tf.data.Dataset.range(1).map(lambda _: tf.numpy_function(end, [], types))
    stream = passing.concatenate(ending).filter(lambda readable, _: readable)
    stream = stream.map(lambda _, image: tf.ensure_shape(image, first.shape))
    return Images(len(names), stream=stream, explain=lambda _: lost[0] if lost else None)


def training_pictures(folder, names, image_size):
    """The Images of a Folder's pictures `names`; for one that cannot be read stands the next that can.

    A training step may not fail, or half of it is done. Where nothing can be read, which `explain` knows, and
    after a signal, whose handler waits for the step, the last picture comes again and again, without being
    read: whether this is the end is to be checked between the steps.
    """
    _clear(_signals())
    lost, last = [], folder.first("train", image_size)

    def read(number):
        nonlocal last
        for place in range(number, number + len(names)):
            if lost or _arrived(_signals()):
                return last
            image = folder.read(names[place % len(names)], image_size)
            if image is not None:
                last = image
                return image
        lost.append(folder.unreadable("train"))
        return last

    def endless(seed, position):
        def picture(position):
            number = shuffled_index(position[None], len(names), seed)[0]
            return tf.ensure_shape(tf.numpy_function(read, [number], tf.uint8), last.shape)

        positions = tf.data.Dataset.counter(tf.constant(position, tf.int64))
        return positions.map(picture, num_parallel_calls=tf.data.AUTOTUNE)

    return Images(len(names), endless=endless, explain=lambda _: lost[0] if lost else None)


def shuffled_records(records, count, decode, *, record_bytes):
    """The function `endless` of Images whose `count` encoded records, of so many bytes each, are read in order.

    Each epoch goes through a shuffle buffer, with the draws of its number; the one in whose middle the position
    lies is read up to it, without being decoded. decode: a record -> uint8 [S, S, 3].
    """
    buffer = min(SHUFFLE_BUFFER, max(SHUFFLE_BYTES // record_bytes, 1))

    def endless(seed, position):
        first, place = divmod(position, count)

        def epoch(number):
            tf.random.set_seed(1)  # of this graph: nothing but `seed` counts
            draws = records.shuffle(buffer, seed=seed + number * 2**32, reshuffle_each_iteration=False)
            return draws.skip(tf.where(number == first, tf.constant(place, tf.int64), 0))

        epochs = tf.data.Dataset.counter(tf.constant(first, tf.int64))
        return epochs.flat_map(epoch).map(decode, num_parallel_calls=tf.data.AUTOTUNE)

    return endless


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
