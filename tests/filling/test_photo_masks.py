"""What is missing: the rules of masks, boxes and colours, by hand."""

import numpy as np
import pytest
from PIL import Image

from inpainting.errors import InputError
from inpainting.filling.photo import Photo, of_array
from inpainting.filling.photo_masks import grey, hole

PHOTO = of_array(np.zeros((4, 6, 3), np.uint8))


def of(*rows):
    return np.array([[char == "x" for char in row] for row in rows])


def test_128_and_above_is_missing(tmp_path):
    values = np.zeros((4, 6), np.uint8)
    values[0, :3] = 127, 128, 255
    Image.fromarray(values).save(tmp_path / "mask.png")
    expected = of(".xx...", "......", "......", "......")
    for mask in (
        tmp_path / "mask.png",
        str(tmp_path / "mask.png"),
        Image.fromarray(values),
        values,
        values[..., None],
    ):
        np.testing.assert_array_equal(hole(PHOTO, mask=grey(mask)), expected)
    np.testing.assert_array_equal(hole(PHOTO, mask=grey(values), invert=True), ~expected)
    for ones in (expected, expected.astype(np.float32), expected.astype(np.int64)):
        np.testing.assert_array_equal(hole(PHOTO, mask=grey(ones)), expected)
    Image.fromarray(np.uint8(expected)).save(tmp_path / "dark.png")  # 0 and 1 in a file: all of it is dark
    assert not hole(PHOTO, mask=grey(tmp_path / "dark.png")).any()


def test_a_mask_in_colours_and_with_alpha():
    """Grey: red is 76, green 150. One colour on a transparent ground is the hole, whatever it is."""
    colours = np.zeros((1, 3, 3), np.uint8)
    colours[0, 0], colours[0, 1] = (255, 0, 0), (0, 255, 0)
    np.testing.assert_array_equal(grey(Image.fromarray(colours)), [[76, 150, 0]])
    painted = np.zeros((1, 3, 4), np.uint8)
    painted[0, 1] = (200, 0, 0, 255)
    np.testing.assert_array_equal(grey(Image.fromarray(painted)), [[0, 255, 0]])
    painted[0, 2] = (255, 255, 255, 255)  # two colours: their grey
    np.testing.assert_array_equal(grey(Image.fromarray(painted)), [[0, 60, 255]])
    np.testing.assert_array_equal(grey(Image.new("I;16", (1, 1), 32768)), [[128]])


def test_boxes_colours_and_growth():
    expected = of("xx....", "xx....", "......", ".....x")
    boxes = [(-3, -1, 5, 3), (5, 3, 9, 9)]
    np.testing.assert_array_equal(hole(PHOTO, boxes=boxes), expected)
    grown = hole(PHOTO, boxes=[(2, 1, 1, 1)], grow=1)
    np.testing.assert_array_equal(grown, of(".xxx..", ".xxx..", ".xxx..", "......"))
    samples = np.zeros((4, 6, 3), np.uint8)
    samples[2, 1], samples[2, 2] = (255, 0, 255), (255, 1, 255)
    found = hole(of_array(samples), colour=(255, 0, 255), boxes=[(0, 0, 1, 1)])
    np.testing.assert_array_equal(found, of("x.....", "......", ".x....", "......"))
    with pytest.raises(InputError, match=r"box 6,0,2,2 is outside of the picture of 6×4 pixels: give left,top"):
        hole(PHOTO, boxes=[(6, 0, 2, 2)])


def test_what_is_transparent():
    samples = np.zeros((4, 6, 4), np.uint8)
    samples[..., 3] = 255
    samples[1, :3, 3] = 0, 127, 128
    np.testing.assert_array_equal(
        hole(of_array(samples), mask="alpha"), of("......", "xx....", "......", "......")
    )
    with pytest.raises(InputError, match="has no transparency to take for a mask: give --mask FILE"):
        hole(PHOTO, mask="alpha")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_mask_as_the_picture_lies_in_its_file_is_turned(orientation):
    photo = Photo("RGB", np.zeros((4, 6, 3), np.uint8), orientation=orientation)
    mask = np.zeros((6, 4), np.uint8)
    mask[0, 1] = 255
    if orientation < 5:
        with pytest.raises(InputError, match="the mask has 4×6 pixels, the picture 6×4: give it the size"):
            hole(photo, mask=mask)
        return
    row, column = {5: (1, 0), 6: (1, 5), 7: (2, 5), 8: (2, 0)}[orientation]
    missing = hole(photo, mask=mask)
    assert missing.sum() == 1 and missing[row, column]


def test_nothing_known_is_refused():
    with pytest.raises(InputError, match="leaves nothing of the picture"):
        hole(PHOTO, boxes=[(0, 0, 6, 4)])
    with pytest.raises(InputError, match="leaves nothing of the picture"):
        hole(PHOTO, boxes=[(2, 1, 1, 1)], grow=10**9)
