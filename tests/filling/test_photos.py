"""One picture of any size: as on the whole, known pixels kept, coarse to fine, refused if untrained."""

from types import SimpleNamespace

import numpy as np
import pytest

from inpainting.errors import InputError
from inpainting.filling import photos
from inpainting.filling.classical import CLASSICAL
from inpainting.filling.filler import Blend, ClassicalFiller, Filler
from inpainting.filling.photos import fill, halved, too_deep


def texture(height, width):
    rows, columns = np.mgrid[:height, :width]
    waves = [128 + 60 * np.sin(rows / a) + 50 * np.cos(columns / b) for a, b in ((9, 7), (13, 11), (8, 17))]
    return np.uint8(np.stack(waves, -1))


@pytest.fixture
def scratched():
    """A picture of 300×700 pixels, and a mask of dots and of a wire from end to end."""
    mask = np.zeros((300, 700), bool)
    mask[20::70, 10::60] = mask[21::70, 10::60] = True
    mask[150:153] = True
    return texture(300, 700), mask


@pytest.mark.parametrize("name", ["Telea", "Navier–Stokes", "biharmonic"])
def test_windows_give_what_the_whole_gives(name, scratched):
    picture, mask = scratched
    filler = ClassicalFiller(name, CLASSICAL[name])
    whole = filler(picture[None], mask[None])[0].astype(int)
    completed = fill(picture, mask, filler)
    np.testing.assert_allclose(completed.astype(int), whole, atol=1)
    np.testing.assert_array_equal(completed[~mask], picture[~mask])


class Counting(Filler):
    """Paints 77 and counts the pixels that it is given."""

    def __init__(self, reach=128):
        super().__init__("counting")
        self.reach = reach
        self.given = 0
        self.squares = []

    def __call__(self, pictures, masks, *, seed=0):
        self.given += masks.size
        self.squares += [
            photos.cv2.distanceTransform(np.uint8(mask), photos.cv2.DIST_C, 3).max() for mask in masks
        ]
        return np.where(masks[..., None] > 0, np.uint8(77), pictures)


def test_what_is_given_to_a_filler_follows_from_the_holes():
    """Of 12 megapixels with an 8×8 hole, one window of 192×192."""
    picture, mask = np.zeros((3000, 4000, 3), np.uint8), np.zeros((3000, 4000), bool)
    mask[1000:1008, 2000:2008] = True
    filler = Counting()
    completed = fill(picture, mask, filler)
    assert filler.given == 192 * 192
    assert (completed[mask] == 77).all() and not completed[~mask].any()


def test_half_of_a_picture_is_the_mean_of_what_is_known():
    picture = np.array([[[10], [20], [7]], [[30], [99], [99]], [[5], [99], [99]]], np.uint8).repeat(3, -1)
    mask = np.array([[0, 0, 0], [0, 1, 1], [0, 1, 1]], bool)
    half, missing = halved(picture, mask)
    np.testing.assert_array_equal(half[..., 0], [[20, 7], [5, 0]])  # (10 + 20 + 30) / 3
    np.testing.assert_array_equal(missing, [[False, False], [False, True]])


@pytest.mark.parametrize(("side", "halvings"), [(64, 0), (65, 1), (128, 1), (130, 2), (256, 2)])
def test_how_often_a_square_is_halved(side, halvings):
    mask = np.zeros((400, 400), bool)
    mask[50 : 50 + side, 60 : 60 + side] = True
    mask[10:14] = True  # a long, narrow hole is none of those
    deep, times = too_deep(mask, 64)
    assert times == halvings
    assert deep.any() == (halvings > 0) and not deep[10:14].any()
    if halvings:
        np.testing.assert_array_equal(deep[50 : 50 + side, 60 : 60 + side], True)


def test_no_hole_is_larger_than_the_reach():
    """A hole of 200×200 is filled at a quarter, 50×50, doubled, and refined in blocks of 64 at most."""
    mask = np.zeros((500, 500), bool)
    mask[150:350, 100:300] = True
    filler = Counting(reach=64)
    completed = fill(np.zeros((500, 500, 3), np.uint8), mask, filler)
    assert max(filler.squares) <= 32  # to the nearest known pixel
    assert (completed[mask] == 77).all() and not completed[~mask].any()


def test_a_large_hole_keeps_what_is_smooth():
    """Over a hole larger than its reach, biharmonic interpolation makes a ramp again: it has 108 levels there.

    A slope of 0.36 is rounded to bytes at each level, and the interpolation goes on from its steps.
    """
    ramp = np.tile(np.uint8(np.linspace(20, 235, 600))[None, :, None], (400, 1, 3))
    mask = np.zeros((400, 600), bool)
    mask[60:340, 150:450] = True
    completed = fill(ramp, mask, ClassicalFiller("biharmonic", CLASSICAL["biharmonic"]))
    np.testing.assert_allclose(completed.astype(int), ramp, atol=10)


def test_nothing_missing_and_nothing_known():
    picture = texture(20, 30)
    completed = fill(picture, np.zeros((20, 30), bool), Counting())
    np.testing.assert_array_equal(completed, picture)
    assert completed is not picture
    with pytest.raises(InputError, match="leaves nothing of the picture"):
        fill(picture, np.ones((20, 30), bool), Counting())


def test_a_filler_of_one_size_takes_no_other():
    filler, picture, mask = Counting(), texture(20, 30), np.zeros((20, 30), bool)
    mask[3, 4] = True
    filler.sides = (32, 32)
    with pytest.raises(
        InputError, match="counting fills pictures of 32×32 pixels alone, not of 30×20: the models bi"
    ):
        fill(picture, mask, filler)
    filler.sides = (20, 30)
    assert (fill(picture, mask, filler)[3, 4] == 77).all() and filler.given == 600


def test_a_blend_takes_what_both_take():
    small, large = Counting(reach=32), Counting()
    small.sides = (16, 16)
    for blend in (Blend("blend", small, large, 0.5), Blend("blend", large, small, 0.5)):
        assert blend.sides == (16, 16) and blend.reach == 32


def network_filler(size, hole=None):
    """Of an untrained U-Net of two filters, for any size unless it fills a centred hole alone."""
    from inpainting.filling.fillers import NetworkFiller
    from models.unet import unet

    patch = hole or size
    network = unet(image_size=size, patch=patch, filters=2, levels=2)
    data = SimpleNamespace(image_size=size, fill="mean")
    return NetworkFiller("unet", network, data=data, hole=hole, reach=16)


def test_a_network_of_any_size_fills_any_picture():
    picture, mask = texture(97, 131), np.zeros((97, 131), bool)
    mask[40:60, 50:75] = mask[3, 5:90] = True
    filler = network_filler(16)
    assert filler.sides == (None, None) and filler.reach == 16
    completed = fill(picture, mask, filler)
    np.testing.assert_array_equal(completed[~mask], picture[~mask])
    assert (completed[mask] != picture[mask]).any()
    for size in (16, 24):  # as one batch, and another
        pictures, masks = texture(2 * size, size).reshape(2, size, size, 3), np.zeros((2, size, size))
        masks[:, 4:8, 4:8] = 1
        assert filler(pictures, masks).shape == (2, size, size, 3)


def test_a_network_of_a_centred_hole_is_refused_elsewhere():
    filler, mask = network_filler(16, hole=4), np.zeros((16, 16), bool)
    assert filler.sides == (16, 16)
    mask[6:10, 6:10] = True
    fill(texture(16, 16), mask, filler)
    mask[0, 0] = True
    with pytest.raises(InputError, match="the centred 4×4 hole alone.*others; the models biharmonic"):
        fill(texture(16, 16), mask, filler)
    with pytest.raises(InputError, match="16×16 pixels alone, not of 40×30: the models biharmonic"):
        fill(texture(30, 40), np.eye(30, 40) > 0, filler)
