"""Crops of pictures of any sizes, cut where training and evaluation need them.

Every picture is decoded once. It is kept with smaller copies of it, each SCALE times as large as the last, down
to the smallest that holds a crop, all of them in one buffer. So a crop is one look-up, and a batch takes crops
of any pictures. Pictures that are too large for the memory are kept as smaller copies alone.
"""

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from PIL import Image

from inpainting.errors import InputError
from inpainting.files import shown

SCALE = 2 / 3

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Crops:
    """size: side of a crop. pixels: uint8 [N, 3], the pixels of all copies, row after row.

    copies: int64 [C, 3], where in `pixels` each starts, its height and its width. pictures: int64 [P, 2], the
    first of each picture's copies and how many it has.
    """

    size: int
    pixels: Any
    copies: Any
    pictures: Any

    def cutter(self):
        """A function that cuts crops, in a graph too: uint8 [B, size, size, 3].

        It takes the numbers of their pictures, [B], and uniform draws in [0, 1), [B, 3]: of the copy, among
        which each is as likely, and of the crop's row and column in it.
        """
        with tf.device("CPU:0"):  # a GPU has better use for its memory
            pixels, copies, pictures = map(tf.constant, (self.pixels, self.copies, self.pictures))

        def cut(numbers, uniform):
            first, count = tf.unstack(tf.gather(pictures, numbers), axis=1)
            start, height, width = tf.unstack(tf.gather(copies, first + _below(count, uniform[:, 0])), axis=1)
            inside = tf.range(self.size, dtype=tf.int64)
            rows = _below(height - self.size + 1, uniform[:, 1])[:, None] + inside
            columns = _below(width - self.size + 1, uniform[:, 2])[:, None] + inside
            places = start[:, None, None] + rows[:, :, None] * width[:, None, None] + columns[:, None, :]
            return tf.gather(pixels, places)

        return cut


def _below(limit, uniform):
    """Whole numbers from 0 up to below `limit`, from uniform ones in [0, 1)."""
    return tf.cast(uniform * tf.cast(limit, tf.float32), tf.int64)


def load(folder, split, names, size, memory_limit):
    """The Crops of a Folder's pictures `names`, those that can be read and hold a crop.

    memory_limit: bytes that all of them may take, each an equal share. InputError where no picture holds a
    crop, or not even the smallest copies fit.
    """
    share = memory_limit // len(names)

    def read(name):
        picture = folder.read(name, None)
        if picture is None:
            return None
        sizes = copy_sizes(*picture.shape[:2], size)
        kept = sizes
        while sum(3 * height * width for height, width in kept) > share:
            kept = kept[1:]
        return len(sizes), [_resized(picture, *sides) for sides in kept]

    with ThreadPoolExecutor() as pool:
        found = [copies for copies in pool.map(read, names) if copies is not None]
    if not found:
        raise InputError(folder.unreadable(split))
    of_size, limit = f"{size}×{size} pixels", f"{memory_limit / 2**30:.3g} GiB"
    where = f"{split} pictures in {shown(folder.root)}"
    if small := sum(count == 0 for count, _ in found):
        log.warning("passed over, smaller than %s: %s of the %s %s", of_size, small, len(found), where)
    found = [(count, copies) for count, copies in found if count]
    if not found:
        raise InputError(
            f"none of the {len(names)} {where} has {of_size}: choose a smaller --image-size, or larger pictures"
        )
    if not all(copies for _, copies in found):
        raise InputError(
            f"the {len(names)} {where} do not fit into {limit}, even as small as crops of {of_size} allow: "
            "choose fewer of them, or a smaller --image-size"
        )
    if shrunk := sum(len(copies) < count for count, copies in found):
        log.warning("made smaller, for all to fit into %s: %s of the %s %s", limit, shrunk, len(found), where)
    return _packed([copies for _, copies in found], size)


def copy_sizes(height, width, size):
    """(height, width) of a picture and of its smaller copies, the largest first, that hold a crop of `size`."""
    sizes = []
    while min(sides := [round(side * SCALE ** len(sizes)) for side in (height, width)]) >= size:
        sizes.append(tuple(sides))
    return sizes


def _resized(picture, height, width):
    if picture.shape[:2] == (height, width):
        return picture
    return np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.LANCZOS))


def _packed(pictures, size):
    """The Crops of the copies, uint8 [H, W, 3], of each picture."""
    copies = [copy for copies in pictures for copy in copies]
    counts = np.array([len(copies) for copies in pictures])
    sides = np.array([copy.shape[:2] for copy in copies])
    starts = _starts(sides.prod(1))
    return Crops(
        size=size,
        pixels=np.concatenate([copy.reshape(-1, 3) for copy in copies]),
        copies=np.column_stack([starts, sides]).astype(np.int64),
        pictures=np.column_stack([_starts(counts), counts]).astype(np.int64),
    )


def _starts(lengths):
    """Where each of several stretches starts, one after the other from 0 on."""
    return np.cumsum(lengths) - lengths
