import numpy as np
import pytest
import tensorflow as tf

from inpainting.masks import (
    center_masks,
    composite,
    context_mean,
    dilate,
    draw_masks,
    fill_hole,
    free_form_masks,
    rectangle_masks,
)


def test_center_hole_is_the_paper_s():
    mask = center_masks(2, image_size=32, hole=8).numpy()
    assert mask.shape == (2, 32, 32, 1)
    assert mask[:, 12:20, 12:20].all() and mask.sum() == 2 * 64


def test_composite_takes_the_prediction_in_the_hole_only():
    mask = center_masks(1, image_size=8, hole=2)
    completed = composite(mask, tf.fill([1, 8, 8, 3], 0.5), tf.fill([1, 8, 8, 3], -0.25)).numpy()
    assert (completed[0, 3:5, 3:5] == 0.5).all()
    assert completed.sum() == 4 * 3 * 0.5 - (64 - 4) * 3 * 0.25


def test_rectangles_are_rectangles_of_the_stated_sizes():
    masks = rectangle_masks(500, image_size=32, hole=8, seed=[1, 2]).numpy()[..., 0]
    heights, widths = masks.max(2).sum(1), masks.max(1).sum(1)
    assert (masks.sum((1, 2)) == heights * widths).all()  # a full rectangle, in one piece with its shadow
    assert heights.min() == 4 and heights.max() == 16 and widths.min() == 4 and widths.max() == 16
    assert masks.max((0, 1)).all() and masks.max((0, 2)).all()  # anywhere, the border included
    assert len(np.unique(masks, axis=0)) > 490


def test_strokes_are_as_wide_as_stated():
    masks = free_form_masks(300, image_size=32, hole=8, seed=[3, 4]).numpy()[..., 0]
    areas = masks.sum((1, 2))
    # The shortest polyline is a spot of width 2, the longest 4 × 12 pixels of width 4 with its round ends.
    assert areas.min() >= 2 and areas.max() <= 48 * 5 + 30
    assert 30 < areas.mean() < 150
    assert len(np.unique(masks, axis=0)) > 290


@pytest.mark.parametrize("kind", ["center", "rectangle", "free_form"])
def test_a_seed_fixes_the_holes_eagerly_and_in_a_dataset(kind):
    eager = draw_masks(kind, 4, image_size=16, hole=4, seed=[5, 6])
    dataset = tf.data.Dataset.from_tensors([5, 6]).map(
        lambda seed: draw_masks(kind, 4, image_size=16, hole=4, seed=seed)
    )
    np.testing.assert_array_equal(eager, next(iter(dataset)))
    assert set(np.unique(eager)) == {0.0, 1.0}


def test_fills():
    image = tf.constant(np.random.default_rng(0).uniform(-1, 1, (2, 8, 8, 3)), tf.float32)
    mask = center_masks(2, image_size=8, hole=4)
    hole = mask.numpy()[..., 0] > 0
    for fill in ("zeros", "noise", "mean"):
        filled = fill_hole(image, mask, fill=fill, seed=[0, 1]).numpy()
        np.testing.assert_array_equal(filled[~hole], image.numpy()[~hole])
        if fill == "zeros":
            assert (filled[hole] == 0).all()
        if fill == "noise":
            assert 0.3 < filled[hole].std() < 0.7 and abs(filled).max() <= 1
        if fill == "mean":
            known = image.numpy()[0][~hole[0]].mean(0)
            np.testing.assert_allclose(filled[0][hole[0]], np.tile(known, (16, 1)), rtol=1e-5)


def test_context_mean_never_looks_into_the_hole():
    image = np.zeros((1, 8, 8, 3), np.float32)
    image[0, 3:5, 3:5] = 1.0
    mask = center_masks(1, image_size=8, hole=2)
    assert (context_mean(tf.constant(image), mask).numpy() == 0).all()


def test_dilate_grows_a_square():
    grown = dilate(center_masks(1, image_size=16, hole=4), 3).numpy()
    assert grown.sum() == 100 and grown[0, 3:13, 3:13].all()
