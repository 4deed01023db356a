"""Random crops of pictures of any sizes, each pixel of which says where it is from."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from inpainting.errors import InputError
from inpainting.pixels import to_uint8
from pipelines import datasets
from pipelines.crops import copy_sizes
from pipelines.inpainting import EVALUATION_CROPS, evaluation_batches, training_batches

SIDES = {"a": (40, 24), "b": (16, 60), "c": (33, 33)}  # height, width
MASKING = {"mask": "mixed", "hole": 10, "fill": "pyramid"}


def ramp(index, height, width):
    """Red: the row, green: the column, times 4. Blue: 50 times the picture's number."""
    rows, columns = np.mgrid[:height, :width]
    return np.uint8(np.stack([4 * rows, 4 * columns, np.full_like(rows, 50 * index)], -1))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("ramps")
    for split in ("train", "val", "test"):
        (root / split).mkdir()
        for index, (name, sides) in enumerate(SIDES.items()):
            Image.fromarray(ramp(index, *sides)).save(root / split / f"{name}.png")
    return root


def load(folder, split="train", **options):
    return datasets.load(f"folder:{folder}", split, **{"image_size": 16, "crop": "random", **options})


def test_the_copies_that_hold_a_crop():
    """321 · 2/3 = 214, then 142.7 and 95.1; 481 follows."""
    assert copy_sizes(321, 481, 96) == [(321, 481), (214, 321), (143, 214)]
    assert copy_sizes(96, 1000, 96) == [(96, 1000)] and copy_sizes(95, 1000, 96) == []


def test_what_is_kept(folder):
    images = load(folder)
    assert images.count == 3 and images.decoded is None and images.stream is None
    # 40×24, 27×16 | 16×60 | 33×33, 22×22
    np.testing.assert_array_equal(images.crops.pictures, [[0, 2], [2, 1], [3, 2]])
    areas = [40 * 24, 27 * 16, 16 * 60, 33 * 33, 22 * 22]
    assert images.crops.copies[:, 0].tolist() == np.cumsum([0, *areas[:-1]]).tolist()
    assert len(images.crops.pixels) == sum(areas)
    start, height, width = images.crops.copies[2]
    np.testing.assert_array_equal(
        images.crops.pixels[start:][: height * width].reshape(16, 60, 3), ramp(1, 16, 60)
    )


def test_a_crop_is_what_lies_there(folder):
    """The last of b's 45 columns; of c's two copies the first, at 8 of 18 rows and columns."""
    cut = load(folder).crops.cutter()
    crops = cut(tf.constant([1, 2], tf.int64), tf.constant([[0.0, 0.9, 0.999], [0.4, 0.45, 0.45]])).numpy()
    np.testing.assert_array_equal(crops[0], ramp(1, 16, 60)[:, 44:])
    np.testing.assert_array_equal(crops[1], ramp(2, 33, 33)[8:24, 8:24])
    (smaller,) = cut(tf.constant([2], tf.int64), tf.constant([[0.5, 0.0, 0.0]])).numpy()
    assert np.diff(smaller[:, 8, 0].astype(int)).mean() == pytest.approx(4 * 3 / 2, abs=0.3)  # of 2/3 the size


def test_every_place_is_cut(folder):
    cut = load(folder).crops.cutter()
    crops = cut(tf.ones([2000], tf.int64), tf.random.stateless_uniform([2000, 3], [1, 2])).numpy()
    assert set(crops[:, 0, 0, 1] // 4) == set(range(45)) and set(crops[:, 0, 0, 0]) == {0}


def test_batches_are_a_function_of_seed_and_step(folder):
    images = load(folder)

    def steps(count, **options):
        batches = training_batches(images, **{"seed": 1, "batch_size": 3, **MASKING, **options})
        return list(batches.take(count).as_numpy_iterator())

    whole, resumed = steps(4, batches_per_step=2), steps(2, batches_per_step=2, start=2)
    for one, other in zip(whole[2:], resumed, strict=True):
        for key in one:
            np.testing.assert_array_equal(one[key], other[key])
    assert (whole[0]["image"] != steps(1, batches_per_step=2, seed=2)[0]["image"]).any()
    for step in whole:  # an epoch is each picture once, another crop each time
        blue = to_uint8(step["image"]).numpy()[..., 0, 0, 2]
        assert all(sorted(np.rint(numbers / 50)) == [0, 1, 2] for numbers in blue)
    assert len(np.unique(np.concatenate([step["image"].reshape(6, -1) for step in whole]), axis=0)) > 15


@pytest.mark.parametrize(
    "split", ["test", *(pytest.param(split, marks=pytest.mark.slow) for split in ("train", "validation"))]
)
def test_evaluation_has_the_same_crops_of_every_picture(folder, split):
    (batch,) = evaluation_batches(load(folder, split), **MASKING).as_numpy_iterator()
    pixels = to_uint8(batch["image"]).numpy()
    assert np.rint(pixels[:, 0, 0, 2] / 50).tolist() == [0] * 4 + [1] * 4 + [2] * 4 and EVALUATION_CROPS == 4
    (again,) = evaluation_batches(load(folder, split), **MASKING).as_numpy_iterator()
    for key in batch:
        np.testing.assert_array_equal(batch[key], again[key])
    (first,) = evaluation_batches(load(folder, split, limit=1), **MASKING).as_numpy_iterator()
    np.testing.assert_array_equal(first["image"], batch["image"][:4])
    np.testing.assert_array_equal(first["mask"], batch["mask"][:4])


def test_small_pictures_are_passed_over(folder, caplog):
    images = load(folder, image_size=24)
    assert images.count == 2 and images.crops.pictures[:, 1].tolist() == [1, 1]
    assert f"passed over, smaller than 24×24 pixels: 1 of the 3 train pictures in {folder}" in caplog.text
    with pytest.raises(
        InputError, match="none of the 3 train pictures in .* has 48×48 pixels: choose a smaller"
    ):
        load(folder, image_size=48)


def test_what_does_not_fit_into_the_memory_is_kept_smaller(folder, caplog):
    """A third of 9,000 bytes each: 40×24 and 27×16 need 4,176, 16×60 2,880, 33×33 and 22×22 4,719."""
    images = load(folder, memory_limit=9000)
    assert [list(copy[1:]) for copy in images.crops.copies] == [[27, 16], [16, 60], [22, 22]]
    assert "made smaller, for all to fit into" in caplog.text and "2 of the 3 train pictures" in caplog.text
    with pytest.raises(InputError, match="the 3 train pictures in .* do not fit into .*choose fewer"):
        load(folder, memory_limit=6000)


def test_unreadable_pictures_are_left_out(folder, tmp_path, caplog):
    for split in ("train", "val", "test"):
        (tmp_path / split).mkdir()
        (tmp_path / split / "bad.png").write_bytes(b"no picture")
    Image.fromarray(ramp(0, 40, 24)).save(tmp_path / "train" / "good.png")
    assert load(tmp_path).count == 1 and "bad.png" in caplog.text
    with pytest.raises(InputError, match="none of the 1 test pictures in .* can be read"):
        load(tmp_path, "test")
