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
    pyramid,
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


@pytest.mark.parametrize("kind", ["center", "rectangle", "free_form", "mixed"])
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
    for fill in ("zeros", "noise", "mean", "pyramid", "grain"):
        filled = fill_hole(image, mask, fill=fill, seed=[0, 1]).numpy()
        np.testing.assert_array_equal(filled[~hole], image.numpy()[~hole])
        if fill == "zeros":
            assert (filled[hole] == 0).all()
        if fill == "noise":
            assert 0.3 < filled[hole].std() < 0.7 and abs(filled).max() <= 1
        if fill == "mean":
            known = image.numpy()[0][~hole[0]].mean(0)
            np.testing.assert_allclose(filled[0][hole[0]], np.tile(known, (16, 1)), rtol=1e-5)
        if fill == "grain":
            grain = (filled - pyramid(image, mask).numpy())[hole]
            assert grain.std() == pytest.approx(0.05, rel=0.3) and len(np.unique(grain)) > 90


def test_context_mean_never_looks_into_the_hole():
    image = np.zeros((1, 8, 8, 3), np.float32)
    image[0, 3:5, 3:5] = 1.0
    mask = center_masks(1, image_size=8, hole=2)
    assert (context_mean(tf.constant(image), mask).numpy() == 0).all()


def test_a_pyramid_by_hand():
    """All that is known of 2×2 pixels is one: so are the other three."""
    image = tf.constant([[0.5, 9.0], [9.0, 9.0]])[None, ..., None]
    mask = tf.constant([[0.0, 1.0], [1.0, 1.0]])[None, ..., None]
    np.testing.assert_allclose(pyramid(image, mask), np.full((1, 2, 2, 1), 0.5), rtol=1e-6)
    # Eight columns, two known ones on each side, are halved to 0 ? ? 0.6 and these to 0 0.6. Doubling has a
    # quarter of the one neighbour and three of the other: 0 0.15 0.45 0.6, and the same once more.
    row = tf.constant([0.0, 0, 9, 9, 9, 9, 0.6, 0.6])
    image = tf.tile(row[None, None, :, None], [1, 8, 1, 1])
    filled = pyramid(image, tf.cast(image == 9, tf.float32)).numpy()[0, 4, :, 0]
    halves = [0.0, 0.15, 0.45, 0.6]
    between = [0.25 * halves[0] + 0.75 * halves[1], 0.75 * halves[1] + 0.25 * halves[2]]
    np.testing.assert_allclose(filled, [0, 0, *between, *(0.6 - x for x in between[::-1]), 0.6, 0.6], atol=1e-6)


@pytest.mark.parametrize(("height", "width"), [(16, 16), (37, 50)])
def test_a_pyramid_of_any_size_looks_at_known_pixels_alone(height, width):
    random = np.random.default_rng(0)
    image = random.uniform(-1, 1, (1, height, width, 3)).astype(np.float32)
    mask = np.zeros((1, height, width, 1), np.float32)
    mask[:, 3:-2, 1:-4] = 1
    graph = tf.function(pyramid, input_signature=[tf.TensorSpec([None, None, None, n]) for n in (3, 1)])
    filled = graph(tf.constant(image), tf.constant(mask)).numpy()
    np.testing.assert_array_equal(filled, graph(tf.constant(image + 9 * mask), tf.constant(mask)))
    known = image[np.broadcast_to(mask == 0, image.shape)]
    assert known.min() <= filled.min() and filled.max() <= known.max()
    np.testing.assert_allclose(
        pyramid(tf.fill([1, height, width, 3], 0.3), mask), 0.3 * np.ones(image.shape), rtol=1e-5
    )


def test_a_pyramid_does_not_shift_where_a_side_is_odd():
    """A small hole's fill follows from what is around it, not from where the picture ends far from it."""
    image = np.random.default_rng(0).uniform(-1, 1, (1, 40, 40, 3)).astype(np.float32)
    mask = np.zeros((1, 40, 40, 1), np.float32)
    mask[:, 6:10, 5:9] = 1
    whole = pyramid(tf.constant(image), tf.constant(mask)).numpy()
    part = pyramid(tf.constant(image[:, :37, :35]), tf.constant(mask[:, :37, :35])).numpy()
    np.testing.assert_allclose(part, whole[:, :37, :35], atol=1e-6)


def test_dilate_grows_a_square():
    grown = dilate(center_masks(1, image_size=16, hole=4), 3).numpy()
    assert grown.sum() == 100 and grown[0, 3:13, 3:13].all()
