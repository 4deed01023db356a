"""Fills the holes of one picture of any size: what is computed are windows round the holes (windows.py).

So a filler's work and memory follow from the holes, not from the picture. A hole that holds a larger square
than the filler's `reach` is filled coarse to fine: the picture is halved, of known pixels alone, until the hole
fits; filled, doubled, and refined block by block: each, of the filler's reach, is filled as the hole of a
picture that has the coarser fill around it.
"""

import math

import cv2
import numpy as np

from inpainting.errors import InputError
from inpainting.filling.filler import ANY
from inpainting.filling.windows import MARGIN, blocks, fill_windows, round_holes

WAY_OUT = "the models biharmonic, telea, navier_stokes and photos_l2 fill any hole of any picture"


def fill(picture, mask, filler, *, seed=0):
    """The completed picture, uint8 [H, W, 3], every known pixel as it came.

    picture: uint8 [H, W, 3]. mask: bool [H, W], True = missing. InputError where nothing is known, or for a
    picture or a hole that the filler was not trained for.
    """
    if not mask.any():
        return picture.copy()
    if mask.all():
        raise InputError("the mask leaves nothing of the picture: mark only what is missing, or invert it")
    if filler.sides != ANY:
        return _fill_whole(picture, mask, filler, seed)
    completed = np.array(picture)
    _complete(completed, mask, filler, seed)
    return completed


def _fill_whole(picture, mask, filler, seed):
    """By a filler of pictures of one size."""
    if picture.shape[:2] != tuple(filler.sides):
        taken, given = (f"{width}×{height}" for height, width in (filler.sides, picture.shape[:2]))
        raise InputError(f"{filler.name} fills pictures of {taken} pixels alone, not of {given}: {WAY_OUT}")
    try:
        return filler(picture[None], mask[None], seed=seed)[0]
    except InputError as error:
        raise InputError(f"{error}; {WAY_OUT}") from error


def _complete(picture, mask, filler, seed):
    """Fills what is missing in place."""
    deep, halvings = too_deep(mask, filler.reach)
    shallow = mask & ~deep
    margin = max(MARGIN, filler.reach // 2)  # so that a window shows what is known next to all that it fills
    if halvings:
        rows, columns = np.nonzero(deep.any(1))[0], np.nonzero(deep.any(0))[0]
        around = margin << halvings
        box = tuple(slice(max(at[0] - around, 0), at[-1] + around + 1) for at in (rows, columns))
        part = picture[box]
        half, half_mask = halved(part, mask[box])
        _complete(half, half_mask, filler, seed)
        doubled = cv2.resize(half, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR)
        np.copyto(part, doubled[: part.shape[0], : part.shape[1]], where=deep[box][..., None])
        fill_windows(picture, shallow, *blocks(deep, filler.reach), filler, seed=seed)
    if shallow.any():
        fill_windows(picture, shallow, *round_holes(shallow, margin), filler, seed=seed)


def too_deep(mask, reach):
    """Where squares of a side above reach are missing, bool [H, W], and how many halvings fit them all."""
    distance = cv2.distanceTransform(np.uint8(mask), cv2.DIST_C, 3)  # of a square of side 2 n, up to n
    limit = (reach + 1) // 2
    deepest = float(distance.max())
    if deepest <= limit:
        return np.zeros_like(mask), 0
    square = np.ones((2 * limit + 1, 2 * limit + 1), np.uint8)
    deep = cv2.dilate(np.uint8(distance > limit), square) > 0
    return deep & mask, math.ceil(math.log2(deepest / limit))


def halved(picture, mask):
    """A picture of half the size, of 2×2 pixels the mean of those known, and where none of them is known."""
    odd = [(0, side % 2) for side in mask.shape]
    known = np.pad(~mask, odd).astype(np.uint16)[..., None]
    picture = np.pad(picture, [*odd, (0, 0)])
    quarters = [np.s_[row::2, column::2] for row in (0, 1) for column in (0, 1)]
    count = sum(known[quarter] for quarter in quarters)
    total = sum(known[quarter] * picture[quarter] for quarter in quarters)
    return np.uint8((total + count // 2) // np.maximum(count, 1)), count[..., 0] == 0
