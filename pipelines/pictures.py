"""Any picture as upright 8-bit RGB: the one way in, for training, evaluation and whatever else reads some."""

import io
import logging
import threading
import warnings

import numpy as np
from PIL import ExifTags, Image, ImageCms, ImageOps

from inpainting.errors import first_line
from inpainting.files import shown

BACKGROUND = (255, 255, 255)  # behind what is transparent
RANGES = (1, 255, 65535)  # a picture of numbers runs from 0 to the first of these that holds them all
PLAIN = ("1", "L", "P", "RGB", "RGBX", "CMYK", "YCbCr", "HSV")  # what Pillow's convert("RGB") shows as it looks
WITH_ALPHA = {"LA": "LA", "La": "LA", "PA": "RGBA", "RGBA": "RGBA", "RGBa": "RGBA"}  # and their way to RGBA
TRANSPOSE = Image.Transpose
TURNS = {  # EXIF orientation -> what makes the picture upright
    2: TRANSPOSE.FLIP_LEFT_RIGHT,
    3: TRANSPOSE.ROTATE_180,
    4: TRANSPOSE.FLIP_TOP_BOTTOM,
    5: TRANSPOSE.TRANSPOSE,
    6: TRANSPOSE.ROTATE_270,
    7: TRANSPOSE.TRANSVERSE,
    8: TRANSPOSE.ROTATE_90,
}

Image.MAX_IMAGE_PIXELS = 2**29  # twice as many, a gigapixel, are an error; Pillow's own limit is a large scan

log = logging.getLogger(__name__)


def rgb(source, size=None):
    """A picture as uint8 [H, W, 3], or its centre square resized to [size, size, 3].

    source: a path, the bytes of a file, or a Pillow image of any mode. It is turned as its EXIF says and laid
    on BACKGROUND where it is transparent. 16-bit grey is divided by 257; modes I and F run from 0 to the first
    of RANGES (I: of 255 and 65535) that holds all values, those that none holds from their least to their
    largest. Raises what Pillow raises for a broken file, ValueError for a mode that it has learnt since.
    """
    if not isinstance(source, Image.Image):
        with Image.open(io.BytesIO(source) if isinstance(source, bytes) else source) as picture:
            return rgb(picture, size)
    tiles = getattr(source, "tile", None)  # of a file that has not been loaded
    raw = tiles[0].args if tiles else None  # how it packs its samples
    turn = TURNS.get(source.getexif().get(ExifTags.Base.Orientation))
    picture = _opaque(source, raw)
    picture = picture.transpose(turn) if turn is not None else picture
    return np.asarray(ImageOps.fit(picture, (size, size), Image.Resampling.LANCZOS) if size else picture)


def read(path, size, told):
    """`rgb` of a file, or None where it cannot be read, with a line in the log; Pillow's warnings go there too.

    told: a set, in which is kept what has been logged: each file is said to be unreadable once.
    """

    def tell(line, what):
        if what not in told:
            told.add(what)
            log.warning("%s", line)

    try:
        with _warnings_to(lambda message: tell(line := f"{shown(path)}: {message}", line)):
            return rgb(path, size)
    except Exception as error:  # Pillow's decoders raise most kinds
        tell(f"skipped, unreadable: {shown(path)} ({first_line(error)})", path)
        return None


def _opaque(picture, raw):
    """The picture in RGB, whatever its mode, on BACKGROUND."""
    key = picture.info.get("transparency")  # the colour that is transparent, or a palette's alphas
    if picture.mode in ("I", "F") or picture.mode.startswith("I;16"):
        numbers = np.asarray(picture)
        transparent = numbers == key if key is not None else None
        return _on_background(Image.fromarray(_eight_bits(numbers, picture.mode)).convert("RGB"), transparent)
    if picture.mode == "LAB":
        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(picture, lab, srgb, outputMode="RGB")
    if picture.mode in WITH_ALPHA or (picture.mode == "P" and key is not None):
        picture = picture.convert(WITH_ALPHA.get(picture.mode, "RGBA")).convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", picture.size, BACKGROUND), picture).convert("RGB")
    if picture.mode not in PLAIN:
        raise ValueError(f"mode {picture.mode} is unknown")
    opaque = picture.convert("RGB")
    if picture.mode not in ("1", "L", "RGB") or key is None:
        return opaque
    if raw == "RGB;16B":  # Pillow has kept the samples' upper bytes, and the whole key
        key = [value >> 8 for value in key]
    elif raw in ("L;2", "L;4"):
        key *= {"L;2": 85, "L;4": 17}[raw]
    return _on_background(opaque, (np.asarray(opaque) == key).all(-1))


def _on_background(picture, transparent):
    """An RGB picture with BACKGROUND where `transparent`, bool [H, W] or None, says so."""
    if transparent is not None:
        picture.paste(BACKGROUND, mask=Image.fromarray(transparent))
    return picture


def _eight_bits(numbers, mode):
    """uint8 of the numbers of a picture of mode I, I;16… or F, as `rgb` says."""
    if mode.startswith("I;16"):
        return ((numbers.astype(np.uint32) + 128) // 257).astype(np.uint8)
    numbers = np.nan_to_num(numbers.astype(np.float64), posinf=0, neginf=0)
    low, high = 0, next((top for top in RANGES[mode == "I" :] if numbers.max() <= top), None)
    if numbers.min() < 0 or high is None:
        low, high = numbers.min(), numbers.max()
    return np.rint((numbers - low) * (255 / max(high - low, 1e-300))).astype(np.uint8)


class _warnings_to:
    """Context manager: `tell` is called with each of Pillow's warnings in this thread.

    Python's catch_warnings is the whole process': the first of the threads enters it, the last one leaves it.
    """

    lock, tellers = threading.Lock(), {}

    def __init__(self, tell):
        self.tell = tell

    def __enter__(self):
        shared, thread = _warnings_to, threading.get_ident()
        with shared.lock:
            if not shared.tellers:
                shared.caught = warnings.catch_warnings()
                shared.caught.__enter__()
                warnings.filterwarnings("always", module=r"PIL\b")
                before = warnings.showwarning

                def show(message, *others, **more):
                    tell = shared.tellers.get(threading.get_ident())
                    tell(" ".join(str(message).split())) if tell else before(message, *others, **more)

                warnings.showwarning = show
            shared.tellers[thread] = self.tell

    def __exit__(self, *_):
        shared = _warnings_to
        with shared.lock:
            del shared.tellers[threading.get_ident()]
            if not shared.tellers:
                shared.caught.__exit__(None, None, None)
