"""A picture as its file has it: samples of 8 or 16 bits in its own mode, and what the file says beside them.

What a filler sees of it is 8-bit RGB. Its fill goes into the hole alone, in the picture's mode: times 257 where
samples have 16 bits, as luminance in grey, black or white in a picture of one bit, as the nearest opaque colour
of a palette; what is filled is opaque.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from PIL import Image

from inpainting.errors import InputError

CHANNELS = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
LUMA = np.array([299, 587, 114], np.uint32)  # thousandths
BACKGROUND = 255  # white, behind what is transparent
CHUNK = 2**16  # pixels whose nearest colours are looked for at once


@dataclass(frozen=True)
class Photo:
    """An upright picture.

    mode: "1", "L", "LA", "P", "RGB" or "RGBA". samples: bool [H, W] of mode 1; uint8 [H, W] of P; uint8 or
    uint16, [H, W] of L, [H, W, C] of the others. palette: uint8 [N, 4], RGBA, of mode P. orientation: 1…8, as
    EXIF counts them, of the picture that this was turned from. kept: icc_profile, dpi and exif, as Pillow's
    `save` takes them.
    """

    mode: str
    samples: np.ndarray
    palette: np.ndarray | None = None
    orientation: int = 1
    kept: dict = field(default_factory=dict)

    @property
    def size(self):
        """Width and height."""
        return self.samples.shape[1::-1]

    @property
    def is_deep(self):
        """Whether its samples have 16 bits."""
        return self.samples.dtype == np.uint16

    @property
    def has_alpha(self):
        return self.mode.endswith("A") or (self.mode == "P" and bool((self.palette[:, 3] < 255).any()))

    @property
    def alpha(self):
        """uint8 [H, W], 255 = opaque. InputError of a picture that has none."""
        if not self.has_alpha:
            raise InputError("has no transparency to take for a mask: give --mask FILE, --box or --mask-color")
        return self.palette[self.samples, 3] if self.mode == "P" else eight_bits(self.samples[..., -1])

    @property
    def colours(self):
        """uint8 [H, W, 3], whatever the alpha."""
        if self.mode == "P":
            return self.palette[self.samples, :3]
        samples = np.uint8(self.samples * 255) if self.mode == "1" else eight_bits(self.samples)
        grey = self.mode in ("1", "L", "LA")
        samples = samples.reshape(*samples.shape[:2], -1)
        return samples[..., :1].repeat(3, -1) if grey else samples[..., :3]

    @property
    def rgb(self):
        """What a filler sees, uint8 [H, W, 3], on white where it is transparent."""
        if not self.has_alpha:
            return self.colours
        alpha = self.alpha[..., None].astype(np.uint16)
        return np.uint8((self.colours * alpha + BACKGROUND * (255 - alpha) + 127) // 255)

    def filled(self, completed, mask):
        """This Photo with the colours of `completed`, uint8 [H, W, 3], where mask, bool [H, W], is True."""
        samples, colours = self.samples.copy(), completed[mask]
        if self.mode == "P":
            samples[mask] = self._nearest(colours)
            return replace(self, samples=samples)
        if self.mode in ("1", "L", "LA"):
            colours = luminance(colours)[:, None]
        if self.mode == "1":
            colours = colours >= 128
        elif self.is_deep:
            colours = np.uint16(colours) * np.uint16(257)
        if self.has_alpha:
            opaque = np.full((len(colours), 1), np.iinfo(samples.dtype).max, samples.dtype)
            colours = np.concatenate([colours, opaque], 1)
        samples[mask] = colours if samples.ndim == 3 else colours[:, 0]
        return replace(self, samples=samples)

    def _nearest(self, colours):
        """Indices of the palette's opaque colours that are nearest to others, uint8 [N, 3]."""
        usable = np.flatnonzero(self.palette[:, 3] == 255)
        if not len(usable):
            raise InputError("no colour of its palette is opaque: save it as RGB first")
        known = self.palette[usable, :3].astype(np.int32)
        squares = (known**2).sum(1)
        chunks = [np.int32(colours[at : at + CHUNK]) for at in range(0, len(colours), CHUNK)]
        return np.concatenate([usable[np.argmin(squares - 2 * chunk @ known.T, 1)] for chunk in chunks])

    def with_colours(self):
        """This Photo in mode RGB or RGBA, where it has a palette."""
        if self.mode != "P":
            return self
        channels = 4 if self.has_alpha else 3
        return replace(
            self, mode=CHANNELS[channels], samples=self.palette[self.samples, :channels], palette=None
        )

    def image(self):
        """A Pillow image, without what is kept. Of 16-bit colours, which Pillow has not, 8 bits."""
        deep_colours = self.is_deep and self.mode != "L"
        image = Image.fromarray(eight_bits(self.samples) if deep_colours else self.samples)
        if self.mode == "P":
            image.putpalette(self.palette[:, :3].tobytes(), "RGB")
            if self.has_alpha:
                image.info["transparency"] = self.palette[:, 3].tobytes()
        return image


def of_array(array):
    """The Photo of an array, uint8 or uint16, [H, W] or [H, W, 1 to 4]. InputError of any other."""
    array = np.asarray(array)
    channels = array.shape[2] if array.ndim == 3 else 1
    if array.dtype not in (np.uint8, np.uint16) or array.ndim not in (2, 3) or channels not in CHANNELS:
        raise InputError(
            f"a picture is an array of uint8 or uint16, [H, W] or [H, W, 1 to 4], not {array.dtype} "
            f"{list(array.shape)}"
        )
    return Photo(CHANNELS[channels], array[..., 0] if array.ndim == 3 and channels == 1 else array)


def eight_bits(samples):
    """uint8 of samples of 8 or 16 bits."""
    if samples.dtype == np.uint8:
        return samples
    return np.uint8((samples.astype(np.uint32) + 128) // 257)


def luminance(colours):
    """uint8 [...] of colours, uint8 [..., 3]."""
    return np.uint8((colours @ LUMA + 500) // 1000)


def upright(array, orientation):
    """An array [H, W, …] turned as an EXIF orientation, 1…8, says: transposed or not, then mirrored."""
    if orientation >= 5:
        array = array.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    if orientation in (2, 3, 6, 7):
        array = array[:, ::-1]
    return np.ascontiguousarray(array)
