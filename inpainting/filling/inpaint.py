"""One picture, in memory or of a file, with what is missing of it filled."""

from pathlib import Path

import numpy as np
from PIL import Image

from inpainting.filling import photo_files, photo_masks, photos
from inpainting.filling.choice import Choice
from inpainting.filling.photo import of_array


def inpaint(picture, mask, *, model=None, realism=None, seed=0, **marking):
    """The picture with its hole filled, every known pixel as it came.

    picture: a path, a Pillow image, or an array, uint8 or uint16, [H, W] or [H, W, 1 to 4]. mask: "alpha", None
    or what inpainting.filling.photo_masks.grey takes: a path, a Pillow image or an array; 128 and above, of a
    mask of 0 and 1 the 1, is missing. model, realism: see inpainting.filling.choice.Choice. seed: of what is
    drawn. marking: boxes, colour, invert, grow of inpainting.filling.photo_masks.hole.

    Returns an array of the same shape and type for an array, else a Pillow image, upright. Raises InputError,
    whose text says what to mend.
    """
    choice = Choice(model, realism=realism)
    if isinstance(picture, (str, Path)):
        photo = photo_files.read(picture)
    elif isinstance(picture, Image.Image):
        photo = photo_files.of_image(picture)
    else:
        photo = of_array(picture)
    if mask is not None and not (isinstance(mask, str) and mask == "alpha"):
        mask = photo_masks.grey(mask)
    missing = photo_masks.hole(photo, mask=mask, **marking)
    completed = complete(photo, missing, choice, seed=seed)
    if isinstance(picture, (str, Path, Image.Image)):
        image = completed.image()
        image.info |= completed.kept
        return image
    return completed.samples.reshape(np.shape(picture))


def complete(photo, missing, choice, *, seed=0):
    """The Photo with what is missing of it, bool [H, W], filled as a Choice fills."""
    if not missing.any():
        return photo
    return photo.filled(photos.fill(photo.rgb, missing, choice.filler, seed=seed), missing)
