"""Scratches, strokes, text and boxes: each occurs, of the stated sizes, over 1 to 40 % of the image."""

import cv2
import numpy as np
import pytest
import tensorflow as tf

from inpainting import mixed_masks as mixed
from inpainting.masks import draw_masks

SIZE, HOLE = 96, 64


@pytest.fixture(scope="module")
def masks():
    return draw_masks("mixed", 300, image_size=SIZE, hole=HOLE, seed=[1, 2]).numpy()[..., 0]


def widest(mask):
    """Side of the largest square that the hole holds, in pixels."""
    return 2 * cv2.distanceTransform(np.pad(np.uint8(mask), 1), cv2.DIST_C, 3).max() - 1


@pytest.mark.parametrize("size", [16, 32, 96])
def test_a_hole_covers_1_to_40_percent(size):
    """So that of any image some is known, and each hole has a known pixel beside it."""
    shares = draw_masks("mixed", 300, image_size=size, hole=size * 2 // 3, seed=[5, 6]).numpy().mean((1, 2, 3))
    assert shares.min() >= 0.01 and shares.max() <= 0.4
    assert shares.min() < 0.06 and shares.max() > 0.3


def test_each_mask_is_its_own_and_follows_from_the_seed(masks):
    assert len(np.unique(masks, axis=0)) == len(masks)
    again = tf.function(lambda seed: draw_masks("mixed", 300, image_size=SIZE, hole=HOLE, seed=seed))
    np.testing.assert_array_equal(masks, again(tf.constant([1, 2]))[..., 0])
    assert (masks != again(tf.constant([1, 3])).numpy()[..., 0]).any((1, 2)).all()
    assert masks.max(0).all()  # anywhere


def test_every_kind_occurs(masks):
    seeds, count, options = tf.random.split([1, 2], 4), len(masks), {"image_size": SIZE, "hole": HOLE}
    drawn = {
        "scratches": mixed.polylines(tf.fill([count], False), seed=seeds[1], **options),
        "strokes": mixed.polylines(tf.fill([count], True), seed=seeds[1], **options),
        "text": mixed.text(count, image_size=SIZE, seed=seeds[2]),
        "boxes": mixed.boxes(count, seed=seeds[3], **options),
    }
    assert tuple(drawn) == mixed.KINDS
    found = np.stack([(kind.numpy() == masks).all((1, 2)) for kind in drawn.values()])
    assert found.any(0).all() and (found.sum(1) > 0.15 * count).all()


@pytest.mark.parametrize(("thick", "least", "most"), [(False, 3, 7), (True, 8, 40)])
def test_widths_of_scratches_and_strokes(thick, least, most, monkeypatch):
    """Of one with a single segment, as the largest disc within it."""
    monkeypatch.setattr(mixed, "POLYLINES", 1 + thick)
    monkeypatch.setattr(mixed, "SEGMENTS", 1)
    lines = mixed.polylines(tf.fill([200], thick), image_size=SIZE, hole=HOLE, seed=[3, 4]).numpy()
    discs = [cv2.distanceTransform(np.pad(np.uint8(line), 1), cv2.DIST_L2, 5).max() for line in lines]
    widths = 2 * np.array(discs) - 1
    assert np.quantile(widths, 0.1) >= least - 1 and widths.max() <= most + 1
    assert widths.max() > 0.9 * most


def test_there_are_one_or_several():
    lines = mixed.polylines(tf.fill([200], False), image_size=SIZE, hole=HOLE, seed=[3, 4]).numpy()
    pieces = [cv2.connectedComponents(np.uint8(line))[0] - 1 for line in lines]
    assert set(pieces) >= {1, 2, 3}  # the fourth crosses another, mostly


def test_letters_are_bold_and_stand_in_lines():
    pages = mixed.text(200, image_size=SIZE, seed=[3, 4]).numpy()
    shares = pages.mean((1, 2))
    assert 0.03 < np.median(shares) < 0.2 and shares.max() < 0.3
    # Between lines of 12 to 19 pixels there is 1.7 times as much, of which a window of 96 shows some.
    rows = pages.any(2)
    assert (rows.mean(1) <= 0.65).all()
    assert max(widest(page) for page in pages) <= 19  # no more than a letter


def test_boxes_are_as_large_as_stated():
    boxes = mixed.boxes(400, image_size=SIZE, hole=HOLE, seed=[3, 4]).numpy()
    heights, widths, areas = boxes.any(2).sum(1), boxes.any(1).sum(1), boxes.sum((1, 2))
    single = areas == heights * widths
    assert 100 < single.sum() < 300  # about a third is one box alone
    heights, widths = heights[single], widths[single]
    assert min(heights.min(), widths.min()) >= 10 and max(heights.max(), widths.max()) <= HOLE
    squares = heights == widths
    assert 0.3 < squares.mean() < 0.8 and heights[squares].max() in range(55, 61)  # 60² is 39 % of 96²


def test_the_distance_to_a_segment():
    """From (2, 1) to (2, 4): straight across beside it, to the nearer end beyond it."""
    starts, ends = (tf.constant(point, tf.float32)[None, None, None, None] for point in ([2, 1], [2, 4]))
    distances = mixed.segment_distances(starts, ends, image_size=8).numpy()[0, :, :, 0]
    assert distances[2, 1] == distances[2, 3] == 0
    assert distances[5, 2] == 3 and distances[2, 7] == 3
    assert distances[6, 7] == pytest.approx(5)  # 4 down, 3 to the right of the end
