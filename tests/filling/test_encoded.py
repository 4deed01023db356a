"""Encoded pictures in a graph: each kind of PNG by hand, JPEG and EXIF as Pillow has them, masks with alpha."""

import io
import struct
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageOps

from inpainting.filling.encoded import decode_mask, decode_picture

TEXT = [tf.TensorSpec([], tf.string)]
picture_of = tf.function(decode_picture, input_signature=TEXT)
mask_of = tf.function(decode_mask, input_signature=TEXT)

PNG_KINDS = {  # colour type, samples a pixel, bits of a sample
    "grey": (0, 1, (1, 2, 4, 8, 16)),
    "rgb": (2, 3, (8, 16)),
    "palette": (3, 1, (1, 2, 4, 8)),
    "grey and alpha": (4, 2, (8, 16)),
    "rgb and alpha": (6, 4, (8, 16)),
}


def png(samples, *, bits, colour_type, chunks=()):
    """The PNG of integers [H, W, C]; chunks: pairs of name and content that come before the pixels."""

    def chunk(name, content):
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    def packed(row):
        text = "".join(f"{value:0{bits}b}" for value in row.ravel())
        text += "0" * (-len(text) % 8)
        return b"\0" + bytes(int(text[i : i + 8], 2) for i in range(0, len(text), 8))

    height, width, _ = samples.shape
    header = struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, 0)
    pixels = zlib.compress(b"".join(packed(row) for row in samples))
    parts = [(b"IHDR", header), *chunks, (b"IDAT", pixels), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def encoded(picture, kind, **options):
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


@pytest.fixture
def photo():
    coarse = np.random.default_rng(0).integers(0, 256, (4, 5, 3), np.uint8)
    return Image.fromarray(coarse).resize((21, 13), Image.Resampling.BICUBIC)


@pytest.mark.parametrize("keyed", [False, True], ids=["plain", "tRNS"])
@pytest.mark.parametrize("kind", PNG_KINDS)
def test_a_png_of_each_kind_is_what_it_says(kind, keyed):
    """Samples scaled to 255, or cut as 16-bit colours are; on white: colour · alpha + 255 · (1 − alpha)."""
    random = np.random.default_rng(0)
    colour_type, count, depths = PNG_KINDS[kind]
    for bits in depths:
        samples = random.integers(0, 2**bits, (5, 7, count))
        values = np.floor(samples * 255 / (2**bits - 1) + 0.5)
        if bits == 16 and kind != "grey":
            values = np.floor(samples / 256)
        alpha = values[..., -1:] if count in (2, 4) else np.full((5, 7, 1), 255.0)
        colour = values[..., :3] if count >= 3 else values[..., :1].repeat(3, -1)
        chunks = []
        if kind == "palette":
            palette = random.integers(0, 256, (2**bits, 3), np.uint8)
            colour, chunks = palette[samples[..., 0]], [(b"PLTE", palette.tobytes())]
        if keyed and kind == "palette":
            alphas = random.integers(0, 256, 2**bits, np.uint8)
            alpha, chunks = alphas[samples], [*chunks, (b"tRNS", alphas.tobytes())]
        elif keyed and count in (1, 3):
            key = samples[2, 3]
            alpha = np.where((samples == key).all(-1, keepdims=True), 0, 255)
            chunks = [(b"tRNS", struct.pack(f">{count}H", *key))]
        expected = np.floor((colour * (alpha / 255) + 255 * (1 - alpha / 255)) + 0.5)
        got = picture_of(png(samples, bits=bits, colour_type=colour_type, chunks=chunks))
        np.testing.assert_array_equal(got, expected, err_msg=f"{bits} bits")


@pytest.mark.parametrize(
    "options",
    [{"quality": 30}, {"subsampling": 0}, {"progressive": True}],
    ids=["coarse", "4:4:4", "progressive"],
)
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_jpeg_is_what_pillow_sees(photo, mode, options):
    file = encoded(photo.convert(mode), "JPEG", **options)
    np.testing.assert_array_equal(picture_of(file), Image.open(io.BytesIO(file)).convert("RGB"))


@pytest.mark.parametrize("endian", ["<", ">"], ids=["little", "big"])
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_exif_orientations(photo, kind, endian):
    """1 to 8; 0 and 9 mean nothing. Other entries stand before it."""
    for orientation in range(10):
        exif = Image.Exif()
        exif.endian = endian
        exif[0x010F], exif[0x0112] = "a camera", orientation
        file = encoded(photo, kind, exif=exif.tobytes())
        upright = ImageOps.exif_transpose(Image.open(io.BytesIO(file)))
        assert (upright.size == photo.size) == (orientation not in (5, 6, 7, 8))
        np.testing.assert_array_equal(picture_of(file), upright, err_msg=str(orientation))


def test_a_bmp(photo):
    np.testing.assert_array_equal(picture_of(encoded(photo, "BMP")), photo)


def test_what_it_cannot_read_is_an_error(photo):
    for file in (b"\x89PNG", b"\xff\xd8\xff"):
        with pytest.raises(tf.errors.InvalidArgumentError):
            picture_of(file)
    for file in (b"", b"a mask", encoded(photo.quantize(16), "BMP"), encoded(photo.quantize(16), "GIF")):
        with pytest.raises(tf.errors.InvalidArgumentError, match="neither PNG, JPEG nor a BMP of 24 bits"):
            picture_of(file)


def test_a_mask_is_its_grey_or_what_is_painted_on_a_transparent_ground():
    hole = np.zeros((6, 8), np.uint8)
    hole[2:4, 3:6] = 255
    opaque, half = np.full_like(hole, 255), np.full_like(hole, 128)
    black, white = np.zeros_like(hole), opaque

    def of(*channels):
        return mask_of(encoded(Image.fromarray(np.stack(channels, -1)), "PNG")).numpy()[..., 0]

    def plain(grey):
        return mask_of(encoded(Image.fromarray(grey), "PNG")).numpy()[..., 0]

    for got in (
        plain(hole),
        mask_of(encoded(Image.fromarray(hole).convert("1"), "PNG")).numpy()[..., 0],
        of(hole, hole, hole),
        of(hole, hole, hole, opaque),
        of(hole, hole, hole, hole),
        of(white, white, white, hole),  # white on nothing
        of(black, black, black, hole),  # black on nothing
        of(hole, black, black, hole),  # red on nothing
        of(hole, opaque),
        of(white, hole),
        of(hole, hole, hole, np.where(np.arange(8) < 7, opaque, black)),  # black and white, on something
    ):
        np.testing.assert_array_equal(got, hole)
    np.testing.assert_array_equal(plain(half), half)
    np.testing.assert_array_equal(of(black, black, black, opaque), black)
    np.testing.assert_array_equal(of(white, white, white, black), black)  # nothing is to be seen
    # Pillow's weights: 299 R + 587 G + 114 B, of 1000.
    np.testing.assert_array_equal(of(half, black, white), (128 * 299 + 255 * 114) // 1000 + black)
