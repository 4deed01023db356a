"""The bytes of a Photo's file: PNG, TIFF and WebP without loss, JPEG where it is asked for.

Pillow writes palettes, one bit, WebP and JPEG. It has no 16-bit colours, compresses no TIFF with EXIF, and
takes twice as long for a PNG: those are written here.
"""

import io
import struct
import zlib

import numpy as np
from PIL import ExifTags, Image
from PIL import TiffImagePlugin as tiff

FORMATS = {".png": "PNG", ".tif": "TIFF", ".tiff": "TIFF", ".webp": "WEBP", ".jpg": "JPEG", ".jpeg": "JPEG"}
OPTIONS = {
    "PNG": {"compress_level": 1},  # the fastest by far, a tenth larger
    "TIFF": {},
    "WEBP": {"lossless": True, "exact": True, "quality": 50},
    "JPEG": {"quality": 95, "subsampling": 0},
}
INCH = 0.0254  # metres
PNG_COLOURS = {"L": 0, "LA": 4, "RGB": 2, "RGBA": 6}


def losses(photo, suffix):
    """What a file with a suffix changes of a Photo, a list of words for each."""
    kind = FORMATS[suffix.lower()]
    found = ["JPEG changes known pixels"] if kind == "JPEG" else []
    if photo.is_deep and kind in ("JPEG", "WEBP"):
        found.append(f"{kind} keeps 8 of 16 bits")
    if photo.has_alpha and kind == "JPEG":
        found.append("JPEG shows what is transparent as white")
    return found


def encoded(photo, suffix=".png"):
    """The bytes of a file with one of the suffixes of FORMATS."""
    kind = FORMATS[suffix.lower()]
    if kind == "PNG" and photo.mode not in ("1", "P"):
        return _png(photo)
    if kind == "WEBP" or (kind == "TIFF" and photo.has_alpha):  # which have no palette, or none with alpha
        photo = photo.with_colours()
    if kind == "TIFF" and photo.mode not in ("1", "P"):
        return _tiff(photo)
    image = photo.image()
    if kind == "JPEG":
        image = Image.fromarray(photo.rgb if photo.mode not in ("1", "L") else photo.rgb[..., 0])
    elif kind == "WEBP":
        image = Image.fromarray(photo.colours)
        if photo.has_alpha:
            image.putalpha(Image.fromarray(photo.alpha))
    file = io.BytesIO()
    image.save(file, kind, **OPTIONS[kind], **photo.kept)
    return file.getvalue()


def _png(photo):
    """A PNG, each row as its difference from the one above."""
    height, width = photo.samples.shape[:2]
    samples = np.ascontiguousarray(photo.samples.astype(photo.samples.dtype.newbyteorder(">")))
    rows = samples.view(np.uint8).reshape(height, -1)
    filtered = np.full((height, rows.shape[1] + 1), 2, np.uint8)  # the filter's number, Up, comes first
    filtered[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])
    kind = 8 * samples.itemsize, PNG_COLOURS[photo.mode], 0, 0, 0
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, *kind))]
    if profile := photo.kept.get("icc_profile"):
        chunks.append((b"iCCP", b"ICC Profile\0\0" + zlib.compress(profile)))
    if dpi := photo.kept.get("dpi"):
        chunks.append((b"pHYs", struct.pack(">IIB", *(round(float(value) / INCH) for value in dpi), 1)))
    if exif := photo.kept.get("exif"):
        chunks.append((b"eXIf", exif.removeprefix(b"Exif\0\0")))
    chunks += [(b"IDAT", zlib.compress(filtered, 1)), (b"IEND", b"")]
    parts = [
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(data, zlib.crc32(name)))
        for name, data in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _tiff(photo):
    """A TIFF in one compressed strip. 16-bit grey with alpha, which few can read, is RGB with alpha."""
    samples = photo.samples.reshape(*photo.samples.shape[:2], -1)
    samples = samples[..., [0, 0, 0, 1]] if photo.mode == "LA" and photo.is_deep else samples
    height, width, channels = samples.shape
    strip = zlib.compress(np.ascontiguousarray(samples.astype(samples.dtype.newbyteorder("<"))), 1)
    tags = tiff.ImageFileDirectory_v2()
    if exif := photo.kept.get("exif"):
        told = Image.Exif()
        told.load(exif)
        for tag in told:
            tags[tag] = told.get_ifd(tag) if tag in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo) else told[tag]
    tags[tiff.IMAGEWIDTH], tags[tiff.IMAGELENGTH], tags[tiff.SAMPLESPERPIXEL] = width, height, channels
    tags[tiff.BITSPERSAMPLE] = (8 * samples.itemsize,) * channels
    tags[tiff.COMPRESSION] = 8  # deflate
    tags[tiff.PHOTOMETRIC_INTERPRETATION] = 1 if channels < 3 else 2  # black is 0, RGB
    if channels in (2, 4):
        tags[tiff.EXTRASAMPLES] = (2,)  # an alpha that colours are not multiplied by
    if profile := photo.kept.get("icc_profile"):
        tags[tiff.ICCPROFILE] = profile
        tags.tagtype[tiff.ICCPROFILE] = 7
    if dpi := photo.kept.get("dpi"):
        tags[tiff.RESOLUTION_UNIT] = 2  # the inch
        tags[tiff.X_RESOLUTION], tags[tiff.Y_RESOLUTION] = dpi
    tags[tiff.ROWSPERSTRIP], tags[tiff.STRIPBYTECOUNTS] = height, len(strip)
    tags[tiff.STRIPOFFSETS] = 0  # from the end of the tags
    file = io.BytesIO()
    tags.save(file)
    file.write(strip)
    return file.getvalue()
