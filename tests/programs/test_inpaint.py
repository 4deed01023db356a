"""inpaint.py: one picture, folders, refusals; and the function of the same name."""

import numpy as np
import pytest
from PIL import Image

from inpainting import checkpoints, inpaint
from inpainting.errors import InputError
from inpainting.filling import choice
from inpainting.variables import ordered_variables
from inpainting.workdir import Workdir
from models import build_generator
from tests.conftest import command

RANDOM = np.random.default_rng(0)
PICTURE = RANDOM.integers(0, 256, (40, 50, 3), np.uint8)
MASK = np.zeros((40, 50), np.uint8)
MASK[10:16, 20:30] = 255


@pytest.fixture
def photo(tmp_path):
    """photo.png and its mask.png, in a folder of their own."""
    Image.fromarray(PICTURE).save(tmp_path / "photo.png")
    Image.fromarray(MASK).save(tmp_path / "mask.png")
    return tmp_path / "photo.png"


def opened(path):
    with Image.open(path) as image:
        return np.asarray(image)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_one_picture(photo, call):
    assert call("inpaint.py", photo, "--mask", photo.with_name("mask.png")) == (0, "", "")
    completed = opened(photo.with_name("photo_inpainted.png"))
    np.testing.assert_array_equal(completed[MASK == 0], PICTURE[MASK == 0])
    assert (completed[MASK > 0] != PICTURE[MASK > 0]).any()
    assert names(photo.parent) == ["mask.png", "photo.png", "photo_inpainted.png"]


@pytest.mark.parametrize("model", ["telea", "navier_stokes", "biharmonic", "context_mean"])
def test_each_way_of_saying_what_is_missing(photo, call, model):
    """A box, a colour and a mask of the same place give the same picture."""
    folder = photo.parent
    painted = np.where(MASK[..., None] > 0, np.uint8([255, 0, 255]), PICTURE)
    Image.fromarray(painted).save(folder / "painted.png")
    transparent = np.concatenate([PICTURE, 255 - MASK[..., None]], -1)
    Image.fromarray(transparent).save(folder / "alpha.png")
    ways = [
        [photo, "--mask", folder / "mask.png"],
        [photo, "--box", "20,10,5,6", "--box", "25,10,5,6"],
        [folder / "painted.png", "--mask-color", "ff00ff"],
        [folder / "alpha.png", "--mask", "alpha"],
        [photo, "--box", "21,11,8,4", "--grow", 1],
    ]
    for index, way in enumerate(ways):
        output = folder / f"{index}.png"
        assert call("inpaint.py", *way, "--model", model, "--output", output)[0] == 0
        np.testing.assert_array_equal(opened(output)[..., :3], opened(folder / "0.png"))
    assert (opened(folder / "3.png")[..., 3] == 255).all()


def test_where_it_goes(photo, call, refused):
    box = [photo, "--box", "1,1,3,3"]
    line = refused("inpaint.py", *box, "--output", photo)
    assert "photo.png is there already: --overwrite, --skip-existing or --output" in line
    np.testing.assert_array_equal(opened(photo), PICTURE)
    assert call("inpaint.py", *box, "--output", photo, "--skip-existing")[0] == 0
    np.testing.assert_array_equal(opened(photo), PICTURE)
    assert call("inpaint.py", *box, "--output", photo, "--overwrite")[0] == 0
    assert (opened(photo) != PICTURE).any()
    assert call("inpaint.py", *box, "--output", photo.parent / "new" / "folder")[0] == 0
    assert names(photo.parent / "new" / "folder") == ["photo_inpainted.png"]
    status, stdout, _ = call("inpaint.py", *box, "--output", photo.with_suffix(".jpg"))
    assert status == 0 and stdout == f"{photo}: JPEG changes known pixels: PNG and TIFF do not\n"


def test_nothing_is_missing(photo, call):
    Image.fromarray(MASK * 0).save(photo.with_name("mask.png"))
    status, stdout, _ = call("inpaint.py", photo, "--mask", photo.with_name("mask.png"))
    assert status == 0 and stdout == f"{photo}: nothing is missing: copied\n"
    np.testing.assert_array_equal(opened(photo.with_name("photo_inpainted.png")), PICTURE)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "nothing says what is missing: give --mask, --box or --mask-color"),
        (["--mask", "no.png"], "there is no mask no.png: give a picture, a folder of some, or alpha"),
        (["--mask", "alpha"], "photo.png: has no transparency to take for a mask"),
        (["--box", "1,2,3"], "'1,2,3' is not LEFT,TOP,WIDTH,HEIGHT in pixels"),
        (["--box", "50,0,3,3"], "photo.png: the box 50,0,3,3 is outside of the picture of 50×40 pixels"),
        (["--box", "0,0,50,40"], "photo.png: the mask leaves nothing of the picture"),
        (["--mask-color", "pink"], "'pink' is not a colour as RRGGBB"),
        (["--box", "1,1,3,3", "--model", "vgg_gan"], "no model vgg_gan: --model takes context_mean, telea"),
        (["--box", "1,1,3,3", "--realism", "2"], "'2' is not a number from 0 to 1"),
        (
            ["--box", "1,1,3,3", "--realism", "0.5"],
            "realism blends a NAME_wgan or NAME_dcgan with the NAME_l2",
        ),
        (
            ["--box", "1,1,3,3", "--samples", "2"],
            "biharmonic fills a hole in one way: --samples is for density",
        ),
        (["--box", "1,1,3,3", "--grow", "-1"], "'-1' is not a whole number"),
        (["--box", "1,1,3,3", "--output", "x.gif"], "a picture's suffix is one of .png, .tif"),
        (["--box", "1,1,3,3", "--overwrite", "--skip-existing"], "not allowed with argument"),
    ],
)
def test_refused_commands_write_nothing(photo, refused, arguments, message):
    if "biharmonic" in message or "--realism b" in message:
        arguments = [*arguments, "--model", "biharmonic"]
    assert message in refused("inpaint.py", photo, *arguments)
    assert names(photo.parent) == ["mask.png", "photo.png"]


def test_refused_files(photo, refused):
    folder = photo.parent
    assert "there is no nowhere: give a picture" in refused("inpaint.py", "nowhere", "--box", "1,1,3,3")
    Image.fromarray(MASK[:30]).save(folder / "mask.png")
    line = refused("inpaint.py", photo, "--mask", folder / "mask.png")
    assert "photo.png: the mask has 50×30 pixels, the picture 50×40" in line
    (folder / "mask.png").write_text("no mask")
    assert "mask.png: is no picture" in refused("inpaint.py", photo, "--mask", folder / "mask.png")
    Image.new("CMYK", (9, 9)).save(folder / "ink.jpg")
    assert "ink.jpg: is a picture of mode CMYK" in refused("inpaint.py", folder / "ink.jpg", "--box", "1,1,3,3")
    (folder / "empty").mkdir()
    assert "no pictures (.png" in refused("inpaint.py", folder / "empty", "--box", "1,1,3,3")
    line = refused("inpaint.py", folder, "--box", "1,1,3,3", "--output", folder / "out.png")
    assert "out.png is a file" in line


@pytest.fixture
def holiday(tmp_path):
    """A folder of two pictures, one that is none, and one without a mask; and the folder of their masks."""
    folder, masks = tmp_path / "holiday", tmp_path / "masks"
    for path in (folder, masks):
        path.mkdir()
    for name in ("a.png", "b.jpg", "c.png"):
        Image.fromarray(PICTURE).save(folder / name)
    for name in ("a.png", "b.png", "d.png"):
        Image.fromarray(MASK).save(masks / name)
    (folder / "d.png").write_text("broken")
    (folder / "notes.txt").write_text("no picture")
    return folder, masks


def test_a_folder_goes_on_after_what_cannot_be_filled(holiday, call):
    folder, masks = holiday
    out = folder.parent / "out"
    status, stdout, stderr = call("inpaint.py", folder, "--mask", masks, "--output", out)
    assert status == 1 and stdout == "" and names(out) == ["a_inpainted.png", "b_inpainted.png"]
    assert f"{folder / 'c.png'}: there is no mask {masks / 'c.png'}" in stderr
    assert f"{folder / 'd.png'}: is no picture of a known kind" in stderr
    assert stderr.endswith("inpaint.py: 2 of 4 pictures were not filled\n")

    before = [path.stat().st_mtime_ns for path in sorted(out.iterdir())]
    status, _, stderr = call("inpaint.py", folder, "--mask", masks, "--output", out)
    assert status == 1 and "4 of 4" in stderr and stderr.count("is there already") == 2
    status, _, stderr = call("inpaint.py", folder, "--mask", masks, "--output", out, "--skip-existing")
    assert status == 1 and "2 of 2 pictures" in stderr
    assert [path.stat().st_mtime_ns for path in sorted(out.iterdir())] == before


def test_one_mask_for_a_folder_beside_its_pictures(holiday, call):
    folder, masks = holiday
    (folder / "d.png").unlink()
    box = ["--mask", masks / "a.png"]
    assert call("inpaint.py", folder, *box)[0] == 0
    assert names(folder) == [
        *("a.png", "a_inpainted.png", "b.jpg", "b_inpainted.png", "c.png", "c_inpainted.png", "notes.txt")
    ]
    assert call("inpaint.py", folder, *box, "--skip-existing")[0] == 0  # what it has made is not filled again
    assert len(names(folder)) == 7


def test_two_pictures_of_one_name_are_refused(holiday, refused):
    folder, _ = holiday
    Image.fromarray(PICTURE).save(folder / "a.webp")
    line = refused("inpaint.py", folder, "--box", "1,1,3,3", "--overwrite")
    assert "a.png" in line and "a.webp would both be" in line


def test_classical_methods_need_no_tensorflow(photo):
    code = (
        "import sys, inpaint\n"
        "assert inpaint.main(sys.argv[1:]) == 0\n"
        "print([name for name in ('tensorflow', 'keras', 'inpainting.filling.fillers') if name in sys.modules])"
    )
    ended = command("-c", code, photo, "--box", "1,1,3,3", "--model", "biharmonic")
    assert ended.stdout == "[]\n", ended.stderr


def test_the_best_model_that_is_published(tmp_path, monkeypatch):
    monkeypatch.setattr(choice, "PUBLISHED", tmp_path)
    assert choice.best() == "biharmonic"
    for name in ("photos_wgan", "photos_l2"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text("{}")
        assert choice.best() == name


@pytest.fixture
def untrained(small_config, tmp_path, monkeypatch):
    """A function: has a published model of a name, with the weights that it begins with."""
    monkeypatch.setattr(choice, "PUBLISHED", tmp_path / "pretrained")

    def build(model, **settings):
        workdir = Workdir(tmp_path / "pretrained" / model)
        config = small_config(model, **settings)
        workdir.create(config, overwrite=False)
        generator = {"ema_generator": ordered_variables(build_generator(config))}
        checkpoints.save(workdir.last, generator, {"best_step": 1})

    return build


def test_networks_and_what_lies_between_two_of_them(photo, call, untrained, tmp_path, monkeypatch):
    for model in ("unet_l2", "unet_wgan"):
        untrained(model, mask="rectangle")
    made = []
    for index, more in enumerate((["unet_l2"], ["unet_wgan"], ["unet_wgan", "--realism", "0.25"])):
        output = photo.with_name(f"{index}.png")
        arguments = ["--mask", photo.with_name("mask.png"), "--output", output, "--model", *more]
        assert call("inpaint.py", photo, *arguments)[0] == 0
        made.append(opened(output).astype(float))
        np.testing.assert_array_equal(made[-1][MASK == 0], PICTURE[MASK == 0])
    monkeypatch.chdir(tmp_path / "pretrained" / "unet_wgan")
    here = ["--mask", photo.with_name("mask.png"), "--output", photo.with_name("here.png")]
    assert call("inpaint.py", photo, *here, "--model", ".", "--realism", "0.25")[0] == 0
    np.testing.assert_array_equal(opened(photo.with_name("here.png")), made[-1])
    faithful, sharp, blend = made
    np.testing.assert_allclose(blend, 0.75 * faithful + 0.25 * sharp, atol=0.51)


def test_a_density_model_draws_samples(tmp_path, call, refused, untrained):
    untrained("pixel_cnn")
    small = PICTURE[:16, :16]
    Image.fromarray(small).save(tmp_path / "small.png")
    arguments = [tmp_path / "small.png", "--box", "6,6,4,4", "--model", "pixel_cnn"]
    assert call("inpaint.py", *arguments, "--samples", 2, "--seed", 5)[0] == 0
    first, second = (opened(tmp_path / f"small_inpainted_{index}.png") for index in (1, 2))
    assert (first != second).any()
    assert call("inpaint.py", *arguments, "--samples", 1, "--seed", 6, "--output", tmp_path / "x.png")[0] == 0
    np.testing.assert_array_equal(opened(tmp_path / "x_1.png"), second)
    # Stopped after the first of two, it goes on with the second.
    (tmp_path / "small_inpainted_2.png").unlink()
    before = (tmp_path / "small_inpainted_1.png").stat().st_mtime_ns
    again = [*arguments, "--samples", 2, "--seed", 5]
    assert "small_inpainted_1.png is there already" in refused("inpaint.py", *again)
    assert call("inpaint.py", *again, "--skip-existing")[0] == 0
    assert (tmp_path / "small_inpainted_1.png").stat().st_mtime_ns == before
    np.testing.assert_array_equal(opened(tmp_path / "small_inpainted_2.png"), second)
    Image.fromarray(PICTURE).save(tmp_path / "large.png")
    line = refused("inpaint.py", tmp_path / "large.png", *arguments[1:])
    assert "pixel_cnn fills pictures of 16×16 pixels alone, not of 50×40: the models biharmonic, telea" in line


def test_the_function_returns_what_it_is_given(photo):
    box = {"boxes": [(20, 10, 10, 6)], "model": "telea"}
    expected = inpaint(PICTURE, None, **box)
    assert expected.dtype == np.uint8
    np.testing.assert_array_equal(expected[MASK == 0], PICTURE[MASK == 0])
    for mask in (MASK, MASK > 0, MASK[..., None] // 255, Image.fromarray(MASK), photo.with_name("mask.png")):
        np.testing.assert_array_equal(inpaint(PICTURE, mask, model="telea"), expected)
    for picture in (photo, str(photo), Image.fromarray(PICTURE)):
        completed = inpaint(picture, MASK, model="telea")
        assert isinstance(completed, Image.Image)
        np.testing.assert_array_equal(np.asarray(completed), expected)
    for array in (PICTURE[..., 0], PICTURE[..., :1], PICTURE[..., :2], PICTURE.astype(np.uint16) * 257):
        completed = inpaint(array, MASK, model="telea")
        assert (completed.shape, completed.dtype) == (array.shape, array.dtype)
        np.testing.assert_array_equal(completed[MASK == 0], array[MASK == 0])
    with pytest.raises(InputError, match="there is no model nothing"):
        inpaint(PICTURE, MASK, model="nothing")
