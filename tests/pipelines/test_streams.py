"""Streamed pictures: what cannot be read is named once, and neither silence nor a hang follows."""

import os
import signal

import pytest
import tensorflow as tf
from PIL import Image

from inpainting.errors import InputError
from pipelines import datasets, folders
from pipelines.streams import Images, reading


@pytest.fixture
def streamed(tmp_path):
    """A folder of 20 pictures, its first training picture alone readable, and its training images streamed."""
    for index in range(20):
        Image.new("L", (8, 8), index).save(tmp_path / f"{index:02d}.png")
    folder = folders.find(tmp_path)
    for name in folder.splits["train"][1:]:
        (tmp_path / name).write_bytes(b"no picture")
    return folder, datasets.load(f"folder:{tmp_path}", "train", image_size=16, memory_limit=1, folder=folder)


def values(stream, count=-1):
    return [image[0, 0, 0] for image in stream.take(count).as_numpy_iterator()]


def test_each_bad_file_is_named_once(streamed, caplog):
    folder, images = streamed
    good, *bad = folder.splits["train"]
    for _ in range(3):
        assert values(images.stream) == [int(good[:2])]
    assert len(caplog.messages) == len(bad)
    assert all(any(name in line for line in caplog.messages) for name in bad)


def test_a_pass_without_a_readable_picture_ends_in_a_line(streamed):
    folder, images = streamed
    batches = iter(images.stream.shuffle(2).repeat().batch(2))  # as training has it
    next(batches)
    os.remove(folder.path(folder.splits["train"][0]))
    message = f"none of the {images.count} train pictures in {folder.root} can be read.*--dataset folder:PATH"
    with pytest.raises(InputError, match=message), reading(images):
        for _ in range(20):
            next(batches)
    with pytest.raises(InputError, match="can be read"), reading(images):
        values(images.stream)


def test_a_stream_that_skips_bad_files_ends_at_a_signal(streamed):
    folder, images = streamed
    os.remove(folder.path(folder.splits["train"][0]))
    seen = []
    before = signal.signal(signal.SIGTERM, lambda number, _: seen.append(number))
    try:
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(tf.errors.OpError), reading(images):  # no InputError: nothing to be mended
            values(images.stream)
        assert seen == [signal.SIGTERM]
    finally:
        signal.signal(signal.SIGTERM, before)
    again = datasets.load(f"folder:{folder.root}", "test", image_size=16, memory_limit=1, folder=folder)
    assert len(values(again.stream)) == again.count  # that signal is over


def test_other_errors_stay_what_they_are():
    with pytest.raises(tf.errors.OutOfRangeError), reading(Images(1, stream=None)):
        raise tf.errors.OutOfRangeError(None, None, "the end")


@pytest.mark.parametrize("split", folders.SPLITS)
def test_every_split_has_a_readable_picture(tmp_path, split):
    for index in range(20):
        Image.new("L", (8, 8)).save(tmp_path / f"{index:02d}.png")
    folder = folders.find(tmp_path)
    folder.check_readable()
    for name in folder.splits[split]:
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(InputError, match=f"none of the {len(folder.splits[split])} {split} pictures"):
        folder.check_readable()


def test_names_of_any_bytes_are_streamed(tmp_path):
    for index in range(4):
        file = os.path.join(os.fsencode(tmp_path), b"\xe9t\xe9 \n%d.png" % index)
        with open(file, "wb") as opened:
            Image.new("L", (8, 8), 50 * index).save(opened, "PNG")
    images = datasets.load(f"folder:{tmp_path}", "train", image_size=16, memory_limit=1)
    kept = datasets.load(f"folder:{tmp_path}", "train", image_size=16).decoded[:, 0, 0, 0]
    assert len(kept) == 2 and sorted(values(images.stream)) == sorted(kept)
