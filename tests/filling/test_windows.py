"""Windows round holes: what they cover, that their weights sum to one, how much a filler is given."""

import numpy as np
import pytest

from inpainting.filling import windows
from inpainting.filling.filler import ClassicalFiller
from inpainting.filling.windows import MARGIN, OVERLAP, TILE, blocks, fill_windows, round_holes


def weights_of(groups, placed):
    """What the windows count at each pixel, together."""
    total = np.zeros(groups.shape)
    for window in placed:
        weights = window.rows.weights[:, None] * window.columns.weights
        total[window.box] += weights * (groups[window.box] == window.group)
    return total


def test_a_small_hole_has_one_window():
    """8 and two margins of 64 are 136 pixels, of steps of 64: 192."""
    mask = np.zeros((1000, 900), bool)
    mask[500:508, 300:308] = True
    groups, (window,) = round_holes(mask)
    assert window.sides == (192, 192)
    assert window.rows.start == (500 + 508 - 192) // 2 and window.columns.start == (300 + 308 - 192) // 2
    np.testing.assert_array_equal(groups > 0, mask)
    np.testing.assert_array_equal(weights_of(groups, [window]), mask)


def test_a_window_stays_within_the_picture():
    mask = np.zeros((100, 1000), bool)
    mask[0, 0] = mask[99, 999] = True
    boxes = [window.box for window in round_holes(mask)[1]]
    assert boxes == [(slice(0, 100), slice(0, 192)), (slice(0, 100), slice(808, 1000))]


def test_near_holes_share_a_window_and_far_ones_do_not():
    mask = np.zeros((400, 3000), bool)
    mask[100:110, 10:20] = mask[100:110, 100:110] = True
    mask[100:110, 2000:2010] = True
    groups, placed = round_holes(mask)
    assert len(placed) == 2 and groups[105, 15] == groups[105, 105] != groups[105, 2005]


@pytest.mark.parametrize("shape", [(30, 2000), (1500, 40), (1300, 1250)])
def test_the_tiles_of_a_large_hole_sum_to_one(shape):
    """But at its outer ends: there one tile alone counts, and is divided by its weight."""
    mask = np.zeros((1700, 2200), bool)
    mask[100 : 100 + shape[0], 90 : 90 + shape[1]] = True
    groups, placed = round_holes(mask)
    total = weights_of(groups, placed)
    assert len(placed) > 1 and (total[mask] > 0).all()
    inner = [slice(OVERLAP, -OVERLAP) if side > TILE else slice(None) for side in shape]
    np.testing.assert_allclose(total[100 : 100 + shape[0], 90 : 90 + shape[1]][tuple(inner)], 1, atol=1e-6)
    for window in placed:
        for span, side in ((window.rows, 1700), (window.columns, 2200)):
            counted = np.flatnonzero(span.weights)
            assert span.start == 0 or counted[0] >= MARGIN
            assert span.stop == side or len(span) - counted[-1] > MARGIN


def test_blocks_cover_what_is_deep():
    mask = np.zeros((300, 300), bool)
    mask[40:200, 50:260] = True
    groups, placed = blocks(mask, 64)
    assert (weights_of(groups, placed)[mask] > 0).all()
    assert {window.sides for window in placed} == {(128, 128)}
    assert max(int((window.rows.weights > 0).sum()) for window in placed) == 64


def test_overlapping_fills_are_blended():
    """Each window in a grey of its own: the greys go over into each other without a jump."""
    mask = np.zeros((100, 1400), bool)
    mask[50:60, 20:1380] = True
    greys = iter((100, 150, 200))

    def paint(pictures, masks):
        return np.stack([np.full_like(picture, next(greys)) for picture in pictures])

    picture = np.zeros((100, 1400, 3), np.uint8)
    groups, placed = round_holes(mask)
    fill_windows(picture, mask, groups, placed, ClassicalFiller("greys", paint))
    line = picture[55, 20:1380, 0].astype(int)
    assert {100, 150, 200} <= set(line) <= set(range(100, 201))
    assert np.abs(np.diff(line)).max() <= 2  # at most 100 greys over 64 pixels
    assert not picture[~mask].any()


def test_a_batch_holds_windows_of_one_size_and_is_bounded(monkeypatch):
    monkeypatch.setattr(windows, "BATCH", 3 * 192 * 192)
    mask = np.zeros((2000, 3000), bool)
    mask[100::400, 100::400] = True
    mask[1000:1300, 1000:1300] = True
    given = []

    def paint(pictures, masks):
        given.append(pictures.shape)
        return pictures

    groups, placed = round_holes(mask)
    fill_windows(np.zeros((2000, 3000, 3), np.uint8), mask, groups, placed, ClassicalFiller("none", paint))
    assert sum(shape[0] for shape in given) == len(placed)
    assert all(shape[0] == 1 or np.prod(shape[:3]) <= windows.BATCH for shape in given)
    assert max(shape[0] for shape in given) == 3
