"""Windows of a picture: where they lie round its holes, and the fills of a filler in them, blended.

Holes that lie near each other share a window. Where they take more than a TILE, they have several, which
overlap; there a pixel's value is the mean of theirs, weighted by ramps that sum to one.
"""

from dataclasses import dataclass

import cv2
import numpy as np

TILE = 640  # pixels that are filled in a window, along each axis
OVERLAP = 64  # of tiles
MARGIN = 64  # what a window shows beside what is filled in it; holes at twice the distance are not near
STEP = 64  # the sides of windows are multiples of it, so that many are equal and make a batch
BATCH = 2**20  # pixels that are given to a filler at once


@dataclass(frozen=True)
class Span:
    """A window along one axis: pixels start to stop of the picture, and what each counts, [stop − start]."""

    start: int
    stop: int
    weights: np.ndarray

    def __len__(self):
        return self.stop - self.start


@dataclass(frozen=True)
class Window:
    """rows, columns: Spans. group: of the pixels that are filled in it, where both weights are above 0."""

    rows: Span
    columns: Span
    group: int

    @property
    def box(self):
        return tuple(slice(span.start, span.stop) for span in (self.rows, self.columns))

    @property
    def sides(self):
        return len(self.rows), len(self.columns)


def round_holes(mask, margin=MARGIN):
    """The groups of the pixels of a mask, bool [H, W], and the Windows that fill them.

    groups: int32 [H, W], 0 where nothing is missing; those of a group are filled in the same windows.
    """
    square = np.ones((2 * MARGIN + 1, 2 * MARGIN + 1), np.uint8)
    near = cv2.dilate(np.uint8(mask), square)
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(near, connectivity=8)
    groups = labels * mask
    windows = []
    for group in range(1, count):
        left, top, width, height, _ = boxes[group]
        places = np.argwhere(groups[top : top + height, left : left + width] == group)
        corner = np.array([top, left])
        first, last = corner + places.min(0), corner + places.max(0) + 1
        windows += _tiled(groups, group, first, last, TILE, OVERLAP, margin)
    return groups, windows


def blocks(mask, side):
    """As `round_holes`: Windows of blocks of one side that cover what is missing and overlap by a quarter."""
    groups = mask.astype(np.int32)
    places = np.argwhere(mask)
    return groups, _tiled(groups, 1, places.min(0), places.max(0) + 1, side, side // 4, side // 2)


def _tiled(groups, group, first, last, tile, overlap, margin):
    """The Windows of a group, whose pixels lie in rows and columns from `first` to before `last`."""
    rows, columns = (
        _spans(int(start), int(stop), length, tile, overlap, margin)
        for start, stop, length in zip(first, last, groups.shape, strict=True)
    )
    windows = [Window(row, column, group) for row in rows for column in columns]
    if len(windows) == 1:
        return windows
    return [window for window in windows if _own(groups, window).any()]


def _spans(start, stop, length, tile, overlap, margin):
    """Spans of tiles that cover start to stop on an axis of so many pixels: one where a tile is enough."""
    tiles = [(start, stop)]
    if stop - start > tile:
        tiles = [(at, min(at + tile, stop)) for at in range(start, stop - overlap, tile - overlap)]
    return [_span(*ends, length, overlap if len(tiles) > 1 else 0, margin) for ends in tiles]


def _span(first, last, length, overlap, margin):
    """The Span around a tile: with margins, of a STEP's multiple where the axis is so long, inside of it."""
    size = min(-(-(last - first + 2 * margin) // STEP) * STEP, length)
    start = min(max((first + last - size) // 2, 0), length - size)
    places = np.arange(start, start + size) + 0.5
    inside = np.minimum(places - first, last - places)  # how far from the tile's ends
    weights = np.clip(inside / overlap, 0, 1) if overlap else inside > 0
    return Span(start, start + size, weights.astype(np.float32))


def _own(groups, window):
    """What is filled in a window, bool [h, w]."""
    weighted = (window.rows.weights > 0)[:, None] & (window.columns.weights > 0)
    return (groups[window.box] == window.group) & weighted


def fill_windows(picture, mask, groups, windows, filler, *, seed=0):
    """Fills what has a group, in place. A window's filler sees as missing what is filled in it and the mask.

    picture: uint8 [H, W, 3]. mask: bool [H, W]. groups, windows: of `round_holes` or `blocks`.
    """
    places = np.flatnonzero(groups)
    totals, weights = np.zeros((len(places), 3), np.float32), np.zeros((len(places), 1), np.float32)
    for batch in _batches(windows):
        own = [_own(groups, window) for window in batch]
        pictures = np.stack([picture[window.box] for window in batch])
        missing = np.stack([mask[window.box] | ours for window, ours in zip(batch, own, strict=True)])
        for window, ours, filled in zip(batch, own, filler(pictures, missing, seed=seed), strict=True):
            rows, columns = np.nonzero(ours)
            weight = (window.rows.weights[rows] * window.columns.weights[columns])[:, None]
            flat = (rows + window.rows.start) * groups.shape[1] + columns + window.columns.start
            at = np.searchsorted(places, flat)
            totals[at] += weight * filled[rows, columns]
            weights[at] += weight
    picture.reshape(-1, 3)[places] = np.rint(totals / weights)


def _batches(windows):
    """Windows of the same sides, as many together as BATCH allows, at least one."""
    windows = sorted(windows, key=lambda window: window.sides)
    while windows:
        rows, columns = windows[0].sides
        most = max(BATCH // (rows * columns), 1)
        batch = [window for window in windows[:most] if window.sides == (rows, columns)]
        windows = windows[len(batch) :]
        yield batch
