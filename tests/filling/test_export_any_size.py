"""The exported model of a network that takes any size: its pixels, files of several sizes, what it refuses."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from inpainting.filling.export import export
from inpainting.masks import composite, fill_hole
from inpainting.pixels import to_float, to_uint8
from tests.dummies import photos_filler

SIZES = [(16, 16), (33, 47), (24, 9), (3, 2)]
RANDOM = np.random.default_rng(0)


@pytest.fixture(scope="module")
def filler_and_signatures(tmp_path_factory):
    """A filler, and the signatures of its SavedModel."""
    filler = photos_filler()
    path = export([filler], tmp_path_factory.mktemp("saved_model"))
    return filler, tf.saved_model.load(str(path)).signatures


def picture_and_mask(height, width, count=1):
    """Noise, of which the last column and a row of each picture are missing."""
    image = RANDOM.integers(0, 256, (count, height, width, 3), np.uint8)
    mask = np.zeros((count, height, width, 1), np.uint8)
    mask[:, :, -1] = mask[:, height // 2] = 255
    return image, mask


def filled(signatures, image, mask):
    answer = signatures["serving_default"](image=tf.constant(image), mask=tf.constant(mask))
    return answer["inpainted"].numpy()


def png(picture):
    file = io.BytesIO()
    Image.fromarray(np.squeeze(picture, -1) if picture.shape[-1] == 1 else picture).save(file, "PNG")
    return file.getvalue()


def filled_files(signatures, images, masks):
    files = {"image_bytes": tf.constant(images, tf.string), "mask_bytes": tf.constant(masks, tf.string)}
    answer = signatures["from_bytes"](**files)["inpainted_bytes"].numpy()
    return [np.asarray(Image.open(io.BytesIO(file))) for file in answer]


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_the_pixels_of_every_size(filler_and_signatures, height, width):
    """The pyramid's fill, the network, the composite, of all of the picture at once."""
    filler, signatures = filler_and_signatures
    image, mask = picture_and_mask(height, width, count=2)
    inpainted = filled(signatures, image, mask)
    known = mask[..., 0] == 0
    np.testing.assert_array_equal(inpainted[known], image[known])
    pixels, missing = to_float(image), tf.constant(mask / 255, tf.float32)
    context = fill_hole(pixels, missing, fill="pyramid", seed=[0, 0])
    prediction = filler.network([context, missing], training=False)
    expected = to_uint8(composite(missing, prediction, pixels)).numpy().astype(int)
    assert np.abs(inpainted - expected).max() <= 1  # a graph may round otherwise
    assert (inpainted != to_uint8(context).numpy())[~known].mean() > 0.5  # the network has its say


def test_files_of_several_sizes_in_one_request(filler_and_signatures):
    _, signatures = filler_and_signatures
    batches = [picture_and_mask(*size) for size in SIZES]
    answers = filled_files(
        signatures, [png(image[0]) for image, _ in batches], [png(mask[0]) for _, mask in batches]
    )
    for answer, (image, mask) in zip(answers, batches, strict=True):
        np.testing.assert_array_equal(answer, filled(signatures, image, mask)[0])
    assert filled_files(signatures, [], []) == []


def test_no_picture_and_no_hole(filler_and_signatures):
    _, signatures = filler_and_signatures
    image, mask = picture_and_mask(24, 9)
    assert filled(signatures, image[:0], mask[:0]).shape == (0, 24, 9, 3)
    np.testing.assert_array_equal(filled(signatures, image, 0 * mask), image)


def test_the_first_line_says_what_does_not_fit(filler_and_signatures):
    _, signatures = filler_and_signatures
    image, mask = picture_and_mask(24, 9, count=2)

    def refused(call, *arguments):
        with pytest.raises(tf.errors.InvalidArgumentError) as error:
            call(signatures, *arguments)
        return str(error.value).splitlines()[0]

    for images, masks, message in (
        (image, mask[:1], "2 images, 1 mask: one mask for each image"),
        (image[..., :1], mask, "image: 24×9×1, but this model takes H×W×3"),
        (image[0], mask[0], "image: 9×3, but this model takes H×W×3"),
        (image[:, :0], mask[:, :0], "image: 0×9×3, but this model takes H×W×3"),
        (image, mask[..., 0], "mask: 24×9, but this model takes H×W×1"),
        (image, mask[:, :20], "mask: 20×9×1, but its image is 24×9×3"),
        (image, np.concatenate([mask[:1], mask[1:] // 255 * 100]), "mask 1: nothing is missing, though not"),
    ):
        assert message in refused(filled, images, masks)
    files = [png(picture) for picture in image]
    whole, short, dark = png(mask[0]), png(mask[0, :20]), png(mask[0] // 255 * 100)
    for masks, message in (
        ([whole], "2 images, 1 mask: one mask for each image"),
        ([whole, short], "mask: 20×9×1, but its image is 24×9×3"),
        ([whole, dark], "mask 1: nothing is missing, though not all is 0"),
    ):
        assert message in refused(filled_files, files, masks)


def test_an_export_takes_the_next_number(tmp_path):
    """What is there stays, whatever it is; numbers that are gone are not given again as long as a higher is."""
    fillers = [photos_filler()]
    (tmp_path / "notes").mkdir()
    assert export(fillers, tmp_path) == tmp_path / "1"
    first = {path: path.read_bytes() for path in (tmp_path / "1").rglob("*") if path.is_file()}
    (tmp_path / "9").mkdir()
    assert export(fillers, tmp_path) == tmp_path / "10"
    assert (tmp_path / "10" / "saved_model.pb").exists()
    assert {path: path.read_bytes() for path in (tmp_path / "1").rglob("*") if path.is_file()} == first
    assert {path.name for path in tmp_path.iterdir()} == {"1", "9", "10", "notes"}
