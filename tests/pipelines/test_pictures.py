"""Every kind of PNG and JPEG file, every mode of Pillow: in memory and streamed, the same upright RGB."""

import io
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from pipelines import datasets, pictures
from pipelines.folders import Folder
from pipelines.pictures import rgb

WHITE = (255, 255, 255)


def png(size, depth, colour_type, row, *chunks):
    """A PNG file of `size` equal rows, given as packed bytes."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", size, size, depth, colour_type, 0, 0, 0)
    data = zlib.compress((b"\0" + row) * size)
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", header),
            *(chunk(*each) for each in chunks),
            chunk(b"IDAT", data),
            chunk(b"IEND", b""),
        ]
    )


def packed(samples, depth):
    """Samples of `depth` bits as the bytes of a PNG row."""
    bits = "".join(f"{sample:0{depth}b}" for sample in samples)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def grey(depth, transparent):
    """Eight greys from black to white, each of its own number; the fourth, where asked, transparent."""
    top = 2**depth - 1
    samples = [round(top * index / 7) for index in range(8)]
    key = samples[3]
    expected = [(round(255 * sample / top),) * 3 for sample in samples]
    expected = [WHITE if transparent and s == key else e for s, e in zip(samples, expected, strict=True)]
    chunks = [(b"tRNS", struct.pack(">H", key))] * transparent
    return png(8, depth, 0, packed(samples, depth), *chunks), expected


def colour(depth, transparent):
    top = 2**depth - 1
    samples = [(round(top * index / 7), top - round(top * index / 7), top // 2) for index in range(8)]
    expected = [tuple(sample >> (depth - 8) for sample in pixel) for pixel in samples]
    expected = [WHITE if transparent and index == 3 else pixel for index, pixel in enumerate(expected)]
    chunks = [(b"tRNS", struct.pack(">HHH", *samples[3]))] * transparent
    return png(8, depth, 2, packed(np.ravel(samples), depth), *chunks), expected


def palette(depth, transparent):
    colours = [(40 * index, 255 - 40 * index, 7) for index in range(2 ** min(depth, 2))]
    samples = [index % len(colours) for index in range(8)]
    expected = [colours[sample] for sample in samples]
    chunks = [(b"PLTE", bytes(np.ravel(colours).tolist()))]
    if transparent:  # the first colour fully, the second half: 255 − 127/255 · (255 − c)
        chunks.append((b"tRNS", bytes([0, 127])))
        half = tuple(round(255 - 127 / 255 * (255 - value)) for value in colours[1])
        expected = [{0: WHITE, 1: half}.get(s, e) for s, e in zip(samples, expected, strict=True)]
    return png(8, depth, 3, packed(samples, depth), *chunks), expected


def with_alpha(depth, channels):
    """Colours of 51 and 204 at eight opacities: 255 − a · (255 − c)."""
    alphas = [round(255 * index / 7) for index in range(8)]
    colours = [(51,) if channels == 1 else (51, 204, 51) for _ in alphas]
    scale = 257 if depth == 16 else 1
    row = packed([scale * value for c, a in zip(colours, alphas, strict=True) for value in (*c, a)], depth)
    on_white = [[255 - a / 255 * (255 - value) for value in c] for c, a in zip(colours, alphas, strict=True)]
    expected = np.broadcast_to(np.rint(on_white), (8, 3))
    return png(8, depth, 4 if channels == 1 else 6, row), expected


PNGS = {
    **{f"grey {depth}": (grey, depth, False) for depth in (1, 2, 4, 8, 16)},
    **{f"grey {depth} tRNS": (grey, depth, True) for depth in (1, 2, 4, 8, 16)},
    **{f"RGB {depth}": (colour, depth, False) for depth in (8, 16)},
    **{f"RGB {depth} tRNS": (colour, depth, True) for depth in (8, 16)},
    **{f"palette {depth}": (palette, depth, False) for depth in (1, 2, 4, 8)},
    **{f"palette {depth} tRNS": (palette, depth, True) for depth in (1, 2, 4, 8)},
    **{f"grey and alpha {depth}": (with_alpha, depth, 1) for depth in (8, 16)},
    **{f"RGBA {depth}": (with_alpha, depth, 3) for depth in (8, 16)},
}


@pytest.mark.parametrize("kind", PNGS)
def test_every_png(kind):
    make, *arguments = PNGS[kind]
    encoded, expected = make(*arguments)
    np.testing.assert_allclose(rgb(encoded), np.broadcast_to(expected, (8, 8, 3)), atol=1)


SCENE = np.zeros((16, 24, 3), np.uint8)  # red on green on the left, blue on the right
SCENE[:8, :12], SCENE[8:, :12], SCENE[:, 12:] = (200, 30, 30), (30, 200, 30), (30, 30, 200)
LUMA = np.rint(SCENE @ [0.299, 0.587, 0.114])
# How a camera held otherwise stores it, by its EXIF orientation.
STORED = {
    1: SCENE,
    2: SCENE[:, ::-1],
    3: SCENE[::-1, ::-1],
    4: SCENE[::-1],
    5: SCENE.swapaxes(0, 1),
    6: np.rot90(SCENE),
    7: SCENE.swapaxes(0, 1)[::-1, ::-1],
    8: np.rot90(SCENE, -1),
}


def jpeg(pixels, mode="RGB", **options):
    file = io.BytesIO()
    picture = Image.fromarray(np.ascontiguousarray(pixels)).convert(mode)
    picture.save(file, "JPEG", quality=98, subsampling=0, **options)
    return file.getvalue()


def exif(orientation):
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags


JPEGS = {
    "RGB": jpeg(SCENE),
    "progressive": jpeg(SCENE, progressive=True),
    "CMYK": jpeg(SCENE, "CMYK"),
    "grey": jpeg(SCENE, "L"),
    **{f"EXIF {n}": jpeg(pixels, exif=exif(n)) for n, pixels in STORED.items()},
}


@pytest.mark.parametrize("kind", JPEGS)
def test_every_jpeg(kind):
    expected = np.repeat(LUMA[..., None], 3, -1) if kind == "grey" else SCENE
    np.testing.assert_allclose(rgb(JPEGS[kind]), expected, atol=8)


def test_in_memory_and_streamed_alike(tmp_path):
    """All kinds of file at once, as the two ways of the data sets read them."""
    files = {f"{kind}.png": make(*arguments)[0] for kind, (make, *arguments) in PNGS.items()}
    files |= {f"{kind}.jpg": encoded for kind, encoded in JPEGS.items()}
    for name, encoded in files.items():
        (tmp_path / name).write_bytes(encoded)
    folder = Folder(str(tmp_path), {"test": sorted(files)}, {})
    source = {"name": f"folder:{tmp_path}", "split": "test", "image_size": 16, "folder": folder}
    kept = datasets.load(**source).decoded
    np.testing.assert_array_equal(kept, [rgb(files[name], 16) for name in sorted(files)])
    streamed = datasets.load(**source, memory_limit=1).stream
    np.testing.assert_array_equal(list(streamed.as_numpy_iterator()), kept)


RGBA = (51, 204, 51, 127)  # on white 255 − 127/255 · (255 − c): 153, 230, 153
MODES = {
    "1": (1, WHITE),
    "L": (77, (77,) * 3),
    "P": (0, (0, 0, 0)),
    "RGB": ((1, 2, 3), (1, 2, 3)),
    "RGBX": ((1, 2, 3, 4), (1, 2, 3)),
    "CMYK": ((255, 0, 0, 0), (0, 255, 255)),
    "YCbCr": ((76, 85, 255), (254, 0, 0)),
    "HSV": ((85, 255, 255), (0, 255, 0)),
    "LAB": ((128, 128, 128), (119, 119, 119)),  # L* = 50.2 %: Y = 0.186, 0.468 in sRGB
    "LA": ((51, 127), (153,) * 3),
    "La": ((25, 127), (153,) * 3),  # 51 times 127/255
    "PA": ((0, 127), (128,) * 3),
    "RGBA": (RGBA, (153, 230, 153)),
    "RGBa": ((25, 102, 25, 127), (153, 230, 153)),
    "I": (257 * 77, (77,) * 3),
    "F": (0.5, (128,) * 3),
    "I;16": (257 * 77, (77,) * 3),
    "I;16L": (257 * 77, (77,) * 3),
    "I;16B": (257 * 77, (77,) * 3),
    "I;16N": (257 * 77, (77,) * 3),
}


def test_every_mode_has_a_row():
    assert set(MODES) == set(Image.MODES)


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_of_pillow(mode):
    value, expected = MODES[mode]
    np.testing.assert_allclose(rgb(Image.new(mode, (2, 2), value)), np.full((2, 2, 3), expected), atol=1)


@pytest.mark.parametrize(
    ("kind", "numbers", "expected"),
    [
        (np.int32, [0, 128, 255], [0, 128, 255]),
        (np.int32, [0, 257, 65535], [0, 1, 255]),
        (np.int32, [-100, 0, 100], [0, 128, 255]),
        (np.int32, [0, 50_000, 100_000], [0, 128, 255]),
        (np.float32, [0, 0.2, 1], [0, 51, 255]),
        (np.float32, [0, 51, 200], [0, 51, 200]),
        (np.float32, [0, 257, 65535], [0, 1, 255]),
        (np.float32, [-1, 0, 1], [0, 128, 255]),
        (np.float32, [np.nan, 0.2, 1], [0, 51, 255]),
        (np.float32, [0, 0, 0], [0, 0, 0]),
    ],
)
def test_numbers_have_the_range_that_holds_them(kind, numbers, expected):
    picture = Image.fromarray(np.array([numbers], kind))
    np.testing.assert_allclose(rgb(picture)[0, :, 0], expected, atol=1)


def test_a_mode_that_is_unknown_is_skipped_with_its_reason(tmp_path, monkeypatch, caplog):
    Image.new("CMYK", (4, 4)).save(tmp_path / "a.jpg")
    monkeypatch.setattr(pictures, "PLAIN", ())
    told = set()
    assert (
        pictures.read(tmp_path / "a.jpg", 4, told) is None
        and pictures.read(tmp_path / "a.jpg", 4, told) is None
    )
    (line,) = caplog.messages
    assert line == f"skipped, unreadable: {tmp_path / 'a.jpg'} (ValueError: mode CMYK is unknown)"


def test_a_large_scan_is_read_and_a_larger_one_is_said(tmp_path, monkeypatch, caplog):
    assert Image.MAX_IMAGE_PIXELS > 182_000_000
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    for side in (10, 12, 16):
        Image.new("1", (side, side), 1).save(tmp_path / f"{side}.png")
    assert pictures.read(tmp_path / "10.png", 4, set()).min() == 255 and not caplog.messages
    assert (
        pictures.read(tmp_path / "12.png", 4, set()).min() == 255
    )  # Pillow warns, and refuses twice the limit
    assert pictures.read(tmp_path / "16.png", 4, set()) is None
    warned, skipped = caplog.messages
    assert warned.startswith(f"{tmp_path / '12.png'}: Image size (144 pixels)")
    assert "16.png (DecompressionBombError" in skipped


def test_warnings_of_many_threads_have_their_own_names(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    paths = [tmp_path / f"{index}.png" for index in range(24)]
    for path in paths:
        Image.new("L", (12, 12)).save(path)
    told = set()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda path: pictures.read(path, 4, told), paths * 3))
    assert sorted(line.partition(": ")[0] for line in caplog.messages) == sorted(map(str, paths))
