"""Files in and out: every known sample bit for bit, upright, with what a file tells; what is refused."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms, ImageOps

from inpainting.errors import InputError
from inpainting.filling.photo import Photo, of_array, upright
from inpainting.filling.photo_encoding import encoded, losses
from inpainting.filling.photo_files import of_image, read, write

HEIGHT, WIDTH = 13, 17
MASK = np.zeros((HEIGHT, WIDTH), bool)
MASK[3:6, 4:9] = True
COMPLETED = np.full(
    (HEIGHT, WIDTH, 3), (200, 100, 50), np.uint8
)  # grey (200·299 + 100·587 + 50·114) / 1000 = 124
CHANNELS = {"L": (), "LA": (2,), "RGB": (3,), "RGBA": (4,)}
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def photo_of(mode, dtype=np.uint8, **options):
    random = np.random.default_rng(0)
    samples = random.integers(0, np.iinfo(dtype).max + 1, (HEIGHT, WIDTH, *CHANNELS[mode]), dtype)
    return Photo(mode, samples, **options)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("mode", CHANNELS)
def test_every_known_sample_comes_back(tmp_path, mode, dtype, suffix):
    path = tmp_path / f"picture{suffix}"
    photo = photo_of(mode, dtype)
    write(photo.filled(COMPLETED, MASK), path)
    back = read(path)
    expected = {"L": (124,), "LA": (124, 255), "RGB": (200, 100, 50), "RGBA": (200, 100, 50, 255)}[mode]
    scale = 257 if dtype == np.uint16 else 1
    if suffix == ".webp":  # 8-bit colours alone
        np.testing.assert_array_equal(back.colours[~MASK], photo.colours[~MASK])
        np.testing.assert_array_equal(back.colours[MASK] - COMPLETED[MASK] if "RGB" in mode else 0, 0)
        assert back.has_alpha == photo.has_alpha
        return
    if (mode, suffix, scale) == ("LA", ".tif", 257):  # as RGBA, which others can read
        np.testing.assert_array_equal(back.samples[..., [0, 3]][~MASK], photo.samples[~MASK])
        return
    assert (back.mode, back.samples.dtype) == (mode, dtype)
    np.testing.assert_array_equal(back.samples[~MASK], photo.samples[~MASK])
    np.testing.assert_array_equal(
        back.samples[MASK],
        np.broadcast_to(expected, back.samples[MASK].shape) * scale if mode != "L" else 124 * scale,
    )


@pytest.mark.parametrize("transparent", [False, True])
@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp"])
def test_a_palette_stays_and_gives_its_nearest_opaque_colour(tmp_path, suffix, transparent):
    indices = np.random.default_rng(0).integers(0, 3, (HEIGHT, WIDTH), np.uint8)
    image = Image.fromarray(indices)
    image.putpalette([200, 100, 51, 190, 110, 60, 0, 0, 255])
    options = {"transparency": b"\x00\xff\xff"} if transparent else {}
    image.save(tmp_path / "in.png", **options)
    photo = read(tmp_path / "in.png")
    assert photo.mode == "P" and photo.has_alpha == transparent
    filled = photo.filled(COMPLETED, MASK)
    assert (filled.samples[MASK] == (1 if transparent else 0)).all()  # the nearest is transparent: the next one
    write(filled, tmp_path / f"out{suffix}")
    back = read(tmp_path / f"out{suffix}")
    assert back.mode == ("P" if suffix == ".png" or (suffix == ".tif" and not transparent) else back.mode)
    np.testing.assert_array_equal(back.colours[~MASK], photo.colours[~MASK])
    if transparent:
        np.testing.assert_array_equal(back.alpha[~MASK], photo.alpha[~MASK])
        assert (back.alpha[MASK] == 255).all()


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_a_picture_of_one_bit(tmp_path, suffix):
    bits = np.random.default_rng(0).random((HEIGHT, WIDTH)) > 0.5
    Image.fromarray(bits).save(tmp_path / "in.png")
    photo = read(tmp_path / "in.png")
    write(photo.filled(COMPLETED, MASK), tmp_path / f"out{suffix}")
    with Image.open(tmp_path / f"out{suffix}") as back:
        assert back.mode == "1"
        np.testing.assert_array_equal(np.asarray(back), np.where(MASK, False, bits))  # 124 is below 128


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_colour_that_means_transparent_becomes_alpha(mode):
    samples = np.zeros((4, 5, *CHANNELS[mode]), np.uint8)
    samples[1, 2] = 9
    file = io.BytesIO()
    Image.fromarray(samples).save(file, "PNG", transparency=9 if mode == "L" else (9, 9, 9))
    with Image.open(file) as image:
        photo = of_image(image, file.getvalue())
    assert photo.mode == f"{mode}A"
    assert (photo.alpha == 0).sum() == 1 and photo.alpha[1, 2] == 0


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "deep TIFF", "deep PNG"])
def test_orientation_is_applied_and_set_upright(tmp_path, kind, orientation):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation], exif[ExifTags.Base.Make] = orientation, "Maker"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ExposureTime] = 0.5
    path = tmp_path / f"in.{kind.split()[-1].lower()}"
    dtype = np.uint16 if kind.startswith("deep") else np.uint8
    photo = photo_of("RGB", dtype, kept={"exif": exif.tobytes(), "icc_profile": PROFILE, "dpi": (300, 300)})
    if kind == "JPEG":
        Image.fromarray(photo.samples).save(path, kind, **photo.kept)
        with Image.open(path) as image:
            stored = np.asarray(image)
    else:
        path.write_bytes(encoded(photo, path.suffix))
        stored = photo.samples
    back = read(path)
    assert back.orientation == orientation
    np.testing.assert_array_equal(back.samples, upright(stored, orientation))
    if dtype == np.uint8:
        turned = ImageOps.exif_transpose(_with_orientation(Image.fromarray(stored), orientation))
        np.testing.assert_array_equal(back.samples, np.asarray(turned))
    for suffix in (".png", ".tif", ".jpg", ".webp"):
        write(back, tmp_path / f"out{suffix}")
        with Image.open(tmp_path / f"out{suffix}") as image:
            assert image.size == back.size
            told = image.getexif()
            assert told.get(ExifTags.Base.Orientation, 1) == 1
            assert told[ExifTags.Base.Make] == "Maker"
            assert told.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ExposureTime] == 0.5
            assert image.info["icc_profile"] == PROFILE
            assert suffix == ".webp" or image.info["dpi"] == pytest.approx((300, 300), abs=0.01)


def _with_orientation(image, orientation):
    image.getexif()[ExifTags.Base.Orientation] = orientation
    return image


def test_what_a_filler_sees():
    """Alpha on white: (100 · 51 + 255 · 204) / 255 = 224; 16 bits over 257."""
    photo = of_array(np.array([[[100, 51], [100, 255], [7, 0]]], np.uint8))
    np.testing.assert_array_equal(photo.rgb[0], [[224] * 3, [100] * 3, [255] * 3])
    deep = of_array(np.array([[[0, 128, 129], [257, 65535, 300]]], np.uint16))
    np.testing.assert_array_equal(deep.rgb[0], [[0, 0, 1], [1, 255, 1]])
    with pytest.raises(InputError, match=r"not float32 \[2, 2\]"):
        of_array(np.zeros((2, 2), np.float32))


def test_what_a_file_cannot_keep():
    assert losses(photo_of("RGBA", np.uint16), ".tif") == losses(photo_of("RGB"), ".webp") == []
    assert losses(photo_of("RGB"), ".jpg") == ["JPEG changes known pixels"]
    assert len(losses(photo_of("RGBA", np.uint16), ".JPEG")) == 3
    assert losses(photo_of("L", np.uint16), ".webp") == ["WEBP keeps 8 of 16 bits"]
    with Image.open(io.BytesIO(encoded(photo_of("RGBA"), ".jpg"))) as image:
        assert (image.mode, image.size) == ("RGB", (WIDTH, HEIGHT))


def test_what_is_refused(tmp_path):
    def refused(name, message, **options):
        image = options.pop("image", Image.new("RGB", (8, 8)))
        image.save(tmp_path / name, **options)
        with pytest.raises(InputError, match=message) as error:
            read(tmp_path / name)
        assert str(error.value).startswith(str(tmp_path / name)) and "\n" not in str(error.value)

    refused("a.jpg", "mode CMYK, whose pixels cannot be kept: convert it", image=Image.new("CMYK", (8, 8)))
    refused("f.tif", "mode F, whose", image=Image.new("F", (8, 8)))
    other = Image.new("RGB", (8, 8), "red")
    refused("a.png", "holds 2 pictures: save", save_all=True, append_images=[other])
    refused("a.webp", "holds 2 pictures: save", save_all=True, append_images=[other])
    refused("a.tiff", "holds 2 pictures: save", save_all=True, append_images=[other])
    bomb = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", bomb), (b"IDAT", zlib.compress(bytes(100))), (b"IEND", b"")]
    parts = [struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in chunks]
    (tmp_path / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    cut = encoded(photo_of("RGB", np.uint16))[:400]
    (tmp_path / "cut.png").write_bytes(cut)
    (tmp_path / "text.png").write_text("no picture")
    for name, message in (
        ("bomb.png", "more pixels than are safe"),
        ("cut.png", "cannot be read"),
        ("text.png", "no picture of a known kind: give one of .png, .jpg"),
    ):
        with pytest.raises(InputError, match=message):
            read(tmp_path / name)
