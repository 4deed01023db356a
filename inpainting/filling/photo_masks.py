"""What is missing of a photograph, as one says it: a mask's file, transparency, boxes, a colour.

128 and above, of 255, is missing. A mask is as large as the picture as one sees it; one that is as large as the
picture lies in its file is turned as the picture is.
"""

from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from inpainting.errors import InputError
from inpainting.filling import photo_files
from inpainting.filling.photo import luminance, of_array, upright

HALF = 128  # and above, of 255, is missing; of an opacity, below
WAY_OUT = "give it the size of the picture as one sees it"


def hole(photo, *, mask=None, boxes=(), colour=None, invert=False, grow=0):
    """What is missing of a Photo, bool [H, W]: in the mask, in a box or of the colour.

    mask: "alpha", the photo's own transparency; else uint8 [H, W], of `grey`. boxes: (left, top, width, height)
    each, in pixels. colour: (R, G, B), 0…255. invert: what is known instead. grow: pixels by which the hole
    becomes wider on each side. InputError where the mask does not fit or nothing of the picture is known.
    """
    width, height = photo.size
    missing = np.zeros((height, width), bool)
    if isinstance(mask, str) and mask == "alpha":
        missing |= photo.alpha < HALF
    elif mask is not None:
        missing |= _fitted(mask, photo) >= HALF
    for left, top, across, down in boxes:
        box = np.s_[max(top, 0) : max(top + down, 0), max(left, 0) : max(left + across, 0)]
        if not missing[box].size:
            raise InputError(
                f"the box {left},{top},{across},{down} is outside of the picture of {width}×{height} pixels: "
                "give left,top,width,height"
            )
        missing[box] = True
    if colour is not None:
        missing |= (photo.colours == colour).all(-1)
    missing = ~missing if invert else missing
    if grow:
        down, across = (2 * min(grow, side) + 1 for side in missing.shape)
        missing = cv2.dilate(np.uint8(missing), np.ones((down, 1), np.uint8))
        missing = cv2.dilate(missing, np.ones((1, across), np.uint8)) > 0
    if missing.all():
        raise InputError("the mask leaves nothing of the picture: mark only what is missing, or invert it")
    return missing


def grey(mask):
    """uint8 [H, W] of a mask, 255 = missing: of a path, a Pillow image, or an array.

    Of a picture, its grey, on black where it is transparent. What is painted in a single colour on a
    transparent ground is the hole whatever the colour: then it is the alpha. An array, bool or of numbers,
    [H, W] or [H, W, 1], whose largest value is 1 has 1 = missing. InputError for what is none of these.
    """
    if isinstance(mask, (str, Path)):
        return of_photo(photo_files.read(mask))
    if isinstance(mask, Image.Image):
        return of_photo(photo_files.of_image(mask))
    mask = np.asarray(mask)
    if mask.size and mask.ndim in (2, 3) and mask.dtype.kind in "bfiu" and mask.max() <= 1:
        mask = np.uint8(mask > 0) * np.uint8(255)
    return of_photo(of_array(mask))


def joined(photo, mask, painted):
    """A mask for `hole`: what is missing in a mask of a photo or is painted on a picture of it of another size.

    mask: uint8 [H, W] of `grey`, or None. painted: uint8 [h, w].
    """
    painted = cv2.resize(painted, photo.size, interpolation=cv2.INTER_NEAREST)
    return painted if mask is None else np.maximum(_fitted(mask, photo), painted)


def of_photo(photo):
    """As `grey`, of a Photo."""
    grey = luminance(photo.colours)
    if not photo.has_alpha:
        return grey
    alpha = photo.alpha
    opaque = alpha >= HALF
    painted = grey[opaque]
    if not opaque.all() and painted.size and painted.min() == painted.max():
        return alpha
    return np.uint8((grey.astype(np.uint16) * alpha + 127) // 255)


def _fitted(mask, photo):
    """A mask of the photo's size, turned as the photo was where it is as large as that was."""
    width, height = photo.size
    if mask.shape == (height, width):
        return mask
    if photo.orientation >= 5 and mask.shape == (width, height):
        return upright(mask, photo.orientation)
    raise InputError(
        f"the mask has {mask.shape[1]}×{mask.shape[0]} pixels, the picture {width}×{height}: {WAY_OUT}"
    )
