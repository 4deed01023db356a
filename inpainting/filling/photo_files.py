"""Photos from files and into files, every sample as it was."""

import io
import math
import warnings
from pathlib import Path

import cv2
import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError
from PIL import TiffImagePlugin as tiff

from inpainting.errors import InputError, first_line
from inpainting.files import atomic_file, disk, shown
from inpainting.filling.photo import Photo, upright
from inpainting.filling.photo_encoding import encoded

READ = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp", ".gif")
AS = {"La": "LA", "RGBa": "RGBA", "PA": "RGBA", "RGBX": "RGB"}  # modes that are read as others
GREYS = {"L;2": 85, "L;4": 17}  # grey of fewer bits: Pillow scales the samples, not the transparent one
# Of a TIFF's own tags, those that tell of the picture, not of the file.
TOLD = {270, 271, 272, 274, 305, 306, 315, 316, 33432, ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo}
DENSEST = 1e6  # dots per inch; more, or none, are no resolution


def read(path):
    """The Photo of a file. InputError, one line, for what is no picture or one that cannot be kept."""
    with disk(path):
        content = Path(path).read_bytes()
    return decoded(content, shown(path))


def decoded(content, name, *, most=math.inf):
    """The Photo of a file's bytes. name: of it in an InputError, as `read` raises. most: pixels it may have."""
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(io.BytesIO(content)) as image:
            if image.width * image.height > most:
                raise InputError(
                    f"has {image.width}×{image.height} pixels, more than the {most} that are taken: make it "
                    "smaller, or cut it into parts"
                )
            return of_image(image, content)
    except InputError as error:
        raise InputError(f"{name}: {error}") from error
    except Image.DecompressionBombError as error:
        raise InputError(
            f"{name}: has more pixels than are safe to open: cut it into parts, or make it smaller"
        ) from error
    except UnidentifiedImageError as error:
        raise InputError(f"{name}: is no picture of a known kind: give one of {', '.join(READ)}") from error
    except Exception as error:  # Pillow's decoders raise most kinds
        raise InputError(
            f"{name}: cannot be read as a picture ({first_line(error)}): mend it, or save it as PNG"
        ) from error


def of_image(image, content=None):
    """The Photo of a Pillow image. content: the bytes of its file, for 16-bit colours, which Pillow has not.

    InputError for what cannot be kept.
    """
    if getattr(image, "n_frames", 1) > 1 and image.format != "MPO":  # a telephone's: the others are previews
        raise InputError(f"holds {image.n_frames} pictures: save the one to fill as a PNG of its own")
    orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    orientation = orientation if orientation in range(1, 9) else 1
    tiles = getattr(image, "tile", None)  # before the file is loaded
    raw = tiles[0].args if tiles else None
    image.load()
    turn = 1 if image.format == "TIFF" else orientation  # Pillow and OpenCV turn those
    palette = None
    if content and _has_deep_colours(image, content) and image.mode in ("RGB", "RGBA", "LA"):
        mode, samples = _deep_colours(content)
    elif image.mode in ("P", "1", "L", "LA", "RGB", "RGBA", *AS) or image.mode.startswith("I;16"):
        mode, samples, palette = _samples(image, raw)
    else:
        raise InputError(
            f"is a picture of mode {image.mode}, whose pixels cannot be kept: convert it to RGB or grey, of "
            "8 or 16 bits"
        )
    return Photo(mode, upright(samples, turn), palette, orientation, _kept(image))


def _samples(image, raw):
    """Mode, samples and palette of a Photo, of a Pillow image that packs its samples as `raw` says."""
    image = image.convert(AS[image.mode]) if image.mode in AS else image
    key = image.info.get("transparency")
    samples = np.asarray(image)
    if image.mode == "P":
        palette = np.array(image.getpalette("RGBA"), np.uint8).reshape(-1, 4)
        if isinstance(key, bytes):
            palette[: len(key), 3] = np.frombuffer(key, np.uint8)[: len(palette)]
        elif key is not None:
            palette[key, 3] = 0
        missing = int(samples.max(initial=0)) + 1 - len(palette)  # indices without a colour are black
        return "P", samples, np.pad(palette, [(0, max(missing, 0)), (0, 0)])
    mode = "L" if image.mode.startswith("I;16") else image.mode
    samples = samples.astype(np.uint16) if image.mode.startswith("I;16") else samples
    if key is None or mode.endswith("A"):
        return mode, samples, None
    if mode == "1":
        mode, samples = "L", np.uint8(samples) * 255
    key = key * GREYS.get(raw, 1) if mode == "L" else key
    colours = samples.reshape(*samples.shape[:2], -1)
    opaque = (colours != np.array(key)).any(-1, keepdims=True) * np.iinfo(samples.dtype).max
    return f"{mode}A", np.concatenate([colours, opaque.astype(samples.dtype)], -1), None


def _has_deep_colours(image, content):
    """Whether a file has 16-bit colours. InputError where they lie in a way that is not understood."""
    if image.format == "PNG":
        return content[24] == 16
    if image.format != "TIFF" or 16 not in image.tag_v2.get(tiff.BITSPERSAMPLE, ()):
        return False
    odd = image.tag_v2.get(tiff.PLANAR_CONFIGURATION, 1) == 2 or 1 in image.tag_v2.get(tiff.EXTRASAMPLES, ())
    if odd or image.tag_v2.get(tiff.PHOTOMETRIC_INTERPRETATION) == 0:
        raise InputError(
            "holds 16-bit samples plane by plane, multiplied by alpha, or with 0 for white: save it as a "
            "16-bit PNG"
        )
    return True


def _deep_colours(content):
    """Mode and samples, uint16 [H, W, C], of a file of 16-bit colours."""
    samples = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    if samples is None or samples.dtype != np.uint16 or samples.ndim != 3:
        raise InputError("holds 16-bit samples in a way that is not understood: save it as a 16-bit PNG")
    grey = content[:4] == b"\x89PNG" and content[25] == 4
    channels = [2, 3] if grey else [2, 1, 0, 3][: samples.shape[2]]
    return {2: "LA", 3: "RGB", 4: "RGBA"}[len(channels)], samples[..., channels]


def _kept(image):
    """The `kept` of a Photo. EXIF's orientation becomes upright."""
    profile, dpi = image.info.get("icc_profile"), image.info.get("dpi")
    kept = {"icc_profile": profile} if profile else {}
    if dpi and all(0 < float(value) < DENSEST for value in dpi):
        kept["dpi"] = tuple(map(float, dpi))
    exif = image.getexif()
    if image.format == "TIFF":
        for tag in set(exif) - TOLD:
            del exif[tag]
    if exif:
        if ExifTags.Base.Orientation in exif:
            exif[ExifTags.Base.Orientation] = 1
        kept["exif"] = exif.tobytes()
    return kept


def write(photo, path):
    """Writes a Photo to a file, whose suffix says the format, in one moment. DiskError where it cannot."""
    content = encoded(photo, Path(path).suffix)
    with disk(path):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    with atomic_file(path) as file:
        file.write(content)
