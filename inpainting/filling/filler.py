"""What a filler is, and those that need no TensorFlow: a classical method, a blend of two others.

A filler is called with pictures uint8 [B, H, W, 3], masks [B, H, W] (1 = missing) and a seed, and returns
completed pictures, uint8, every known pixel as it came. What a picture holds inside its hole is not looked at.
"""

import numpy as np

ANY = (None, None)  # sides of the pictures that a filler takes


class Filler:
    """name: of its row in a table. parameters: how many weights were trained for it.

    sides: height and width of the pictures that it takes, None of any. reach: side of the largest square that a
    hole may hold, in pixels, to be filled at once: a larger one is filled coarse to fine (photos.py). draws:
    whether the seed matters.
    """

    sides = ANY
    reach = 128
    draws = False

    def __init__(self, name, parameters=0):
        self.name = name
        self.parameters = parameters

    def __call__(self, pictures, masks, *, seed=0):
        """Completed pictures, uint8 [B, H, W, 3]. A sample of picture i depends on it and on seed + i alone."""
        raise NotImplementedError


class ClassicalFiller(Filler):
    """method: a function of pictures and masks, see inpainting/filling/classical.py."""

    def __init__(self, name, method):
        super().__init__(name)
        self.method = method

    def __call__(self, pictures, masks, *, seed=0):
        hidden = np.where(np.asarray(masks)[..., None] > 0, 0, pictures).astype(np.uint8)
        return self.method(hidden, np.asarray(masks))


class Blend(Filler):
    """Over the hole, (1 − realism) · faithful + realism · sharp, of two fillers; realism in [0, 1].

    Between the fill of least error and the sharpest one that is distributed as the truth is, no other fill errs
    less at the same distance from the truth's distribution (Freirich, Michaeli and Meir 2021).
    """

    def __init__(self, name, faithful, sharp, realism):
        super().__init__(name, faithful.parameters + sharp.parameters)
        self.faithful = faithful
        self.sharp = sharp
        self.realism = realism
        self.sides = sharp.sides if faithful.sides == ANY else faithful.sides
        self.reach = min(faithful.reach, sharp.reach)

    def __call__(self, pictures, masks, *, seed=0):
        faithful, sharp = (np.float32(fill(pictures, masks, seed=seed)) for fill in (self.faithful, self.sharp))
        return np.uint8(np.rint((1 - self.realism) * faithful + self.realism * sharp))
