"""Streamed pictures: what cannot be read is named once, and neither silence nor a hang follows."""

import os
import signal

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from inpainting.errors import InputError
from pipelines import datasets, folders
from pipelines.streams import SHUFFLE_BYTES, Images, check, reading, shuffled_records


@pytest.fixture
def streamed(tmp_path):
    """A folder of 20 pictures, its first training picture alone readable, and its training images streamed."""
    for index in range(20):
        Image.new("L", (8, 8), index).save(tmp_path / f"{index:02d}.png")
    folder = folders.find(tmp_path)
    for name in folder.splits["train"][1:]:
        (tmp_path / name).write_bytes(b"no picture")
    return folder, datasets.load(f"folder:{tmp_path}", "train", image_size=16, memory_limit=1, folder=folder)


def values(images):
    """The first value of each image of an epoch."""
    stream = images.endless(0, 0).take(images.count) if images.endless else images.stream
    return [image[0, 0, 0] for image in stream.as_numpy_iterator()]


def test_each_bad_file_is_named_once(streamed, caplog):
    """In place of each of the others comes the only one that can be read."""
    folder, images = streamed
    good, *bad = folder.splits["train"]
    for _ in range(3):
        assert values(images) == [int(good[:2])] * len(folder.splits["train"])
    vanish(folder)  # another reason, the same files
    values(images)
    assert len(caplog.messages) == len(bad) + 1
    assert all(any(name in line for line in caplog.messages) for name in bad)


def vanish(folder):
    os.rename(folder.root, folder.root + "-gone")


@pytest.mark.parametrize("split", folders.SPLITS)
def test_a_pass_without_a_readable_picture_ends_in_a_line(streamed, split):
    folder, _ = streamed
    images = datasets.load("", split, image_size=16, memory_limit=1, folder=folder)
    assert values(images)
    vanish(folder)
    message = f"none of the {images.count} {split} pictures in {folder.root} can be read.*--dataset folder:PATH"
    with pytest.raises(InputError, match=message), reading(images):
        values(images)


def test_no_training_step_fails_for_want_of_pictures(streamed):
    folder, images = streamed
    batches = iter(images.endless(0, 0).batch(2))  # as training has it
    before = next(batches).numpy()
    vanish(folder)
    for _ in range(20):
        np.testing.assert_array_equal(next(batches), before)
    with pytest.raises(InputError, match=f"none of the {images.count} train pictures"):
        check(images)


@pytest.mark.parametrize("source", ["folder", "records"])
def test_a_streamed_epoch_is_a_permutation_and_goes_on_anywhere(tmp_path, source):
    if source == "folder":
        for index in range(20):
            Image.new("L", (8, 8), index).save(tmp_path / f"{index:02d}.png")
        folder = folders.find(tmp_path)
        images = datasets.load("", "train", image_size=16, memory_limit=1, folder=folder)
        expected = sorted(int(name[:2]) for name in folder.splits["train"])
        endless = images.endless
    else:
        expected = list(range(17))
        records = tf.data.Dataset.from_tensor_slices(np.arange(17, dtype=np.uint8)[:, None, None, None])
        endless = shuffled_records(records, 17, lambda image: image, record_bytes=SHUFFLE_BYTES // 5)

    def numbers(seed, position, count):
        return [image[0, 0, 0] for image in endless(seed, position).take(count).as_numpy_iterator()]

    count = len(expected)
    whole = numbers(1, 0, 3 * count)
    first, second = whole[:count], whole[count : 2 * count]
    assert sorted(first) == sorted(second) == expected
    assert first != second and first != expected
    for position in (1, count - 1, count, count + 5, 2 * count + 3):
        assert numbers(1, position, 9) == (whole + numbers(1, 3 * count, 9))[position : position + 9]
    assert numbers(2, 0, count) != first


@pytest.mark.parametrize("split", folders.SPLITS)
@pytest.mark.parametrize("readable", [True, False])
def test_a_stream_ends_at_a_signal(streamed, split, readable):
    folder, _ = streamed
    images = datasets.load("", split, image_size=16, memory_limit=1, folder=folder)
    if not readable:
        vanish(folder)
    seen = []
    before = signal.signal(signal.SIGTERM, lambda number, _: seen.append(number))
    try:
        os.kill(os.getpid(), signal.SIGTERM)
        if split == "train":  # the last picture again, and the step's end
            assert len(set(values(images))) == 1
        else:
            with pytest.raises(tf.errors.OpError):
                values(images)
        assert seen == [signal.SIGTERM] and images.explain(None) is None  # there is nothing to be mended
    finally:
        signal.signal(signal.SIGTERM, before)
    if not readable:
        os.rename(folder.root + "-gone", folder.root)
    again = datasets.load("", "test", image_size=16, memory_limit=1, folder=folder)
    assert len(values(again)) == again.count  # that signal is over


def test_other_errors_stay_what_they_are():
    with pytest.raises(tf.errors.OutOfRangeError), reading(Images(1, stream=None)):
        raise tf.errors.OutOfRangeError(None, None, "the end")


@pytest.mark.parametrize("split", folders.SPLITS)
def test_every_split_has_a_readable_picture(tmp_path, split):
    for index in range(30):
        Image.new("L", (8, 8)).save(tmp_path / f"{index:02d}.png")
    folder = folders.find(tmp_path)
    first, *others = folder.splits[split]
    (tmp_path / first).write_bytes(b"")
    assert folder.first(split, 8).shape == (8, 8, 3)
    for name in others:
        (tmp_path / name).write_bytes(b"")
    for read in (folder.first, lambda split: datasets.load("", split, folder=folder, memory_limit=1)):
        with pytest.raises(InputError, match=f"none of the {len(others) + 1} {split} pictures"):
            read(split)


def test_names_of_any_bytes_are_streamed(tmp_path):
    for index in range(4):
        file = os.path.join(os.fsencode(tmp_path), b"\xe9t\xe9 \n%d.png" % index)
        with open(file, "wb") as opened:
            Image.new("L", (8, 8), 50 * index).save(opened, "PNG")
    images = datasets.load(f"folder:{tmp_path}", "train", image_size=16, memory_limit=1)
    kept = datasets.load(f"folder:{tmp_path}", "train", image_size=16).decoded[:, 0, 0, 0]
    assert len(kept) == 2 and sorted(values(images)) == sorted(kept)
