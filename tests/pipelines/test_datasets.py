import shutil
import struct

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from inpainting.errors import InputError
from pipelines import datasets, folders
from pipelines.dead_leaves import dead_leaves
from pipelines.streams import reading


def test_dead_leaves_follow_from_the_seed():
    images = dead_leaves(12, image_size=32, seed=3)
    assert images.shape == (12, 32, 32, 3) and images.dtype == np.uint8
    np.testing.assert_array_equal(images, dead_leaves(12, image_size=32, seed=3))
    assert (images != dead_leaves(12, image_size=32, seed=4)).any()
    assert images.std((1, 2, 3)).min() > 5  # no blank image
    np.testing.assert_array_equal(images[:5], dead_leaves(5, image_size=32, seed=3))


def test_dead_leaves_splits_differ():
    splits = [datasets.load("dead_leaves", split, image_size=16, limit=20) for split in datasets.SPLITS]
    assert all(split.decoded.shape == (20, 16, 16, 3) for split in splits)
    assert (splits[0].decoded != splits[1].decoded).any() and (splits[1].decoded != splits[2].decoded).any()


def test_folder_splits_are_disjoint_and_complete(pictures):
    counts = [datasets.load(f"folder:{pictures}", split, image_size=16).count for split in datasets.SPLITS]
    assert counts == [32, 4, 4]


def test_folder_crops_the_centre_and_resizes(tmp_path):
    # A wide picture: red, a green square in the middle, blue.
    wide = np.zeros((30, 90, 3), np.uint8)
    wide[:, :30], wide[:, 30:60], wide[:, 60:] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    for name in ("a.png", "b.png", "sub/c.JPG"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(wide).save(tmp_path / name, format="PNG")
    image = datasets.load(f"folder:{tmp_path}", "test", image_size=16).decoded[0]
    assert image.shape == (16, 16, 3)
    np.testing.assert_allclose(image[:, 1:-1].reshape(-1, 3), [(0, 255, 0)] * 224, atol=1)


def test_folder_names_and_skips_the_unreadable(tmp_path, caplog):
    for index in range(12):
        Image.new("L" if index % 2 else "RGBA", (20, 20)).save(tmp_path / f"{index:02d}.png")
    bad, *good = folders.find(tmp_path).splits["train"]
    (tmp_path / bad).write_bytes(b"no picture")
    images = datasets.load(f"folder:{tmp_path}", "train", image_size=16)
    assert images.count == len(good) and images.decoded.shape == (len(good), 16, 16, 3)
    assert bad in caplog.text


def test_folder_streams_what_does_not_fit_in_memory(pictures):
    kept = datasets.load(f"folder:{pictures}", "test", image_size=16)
    streamed = datasets.load(f"folder:{pictures}", "test", image_size=16, memory_limit=100)
    assert streamed.decoded is None and streamed.count == kept.count
    np.testing.assert_array_equal(list(streamed.stream.as_numpy_iterator()), kept.decoded)


@pytest.mark.parametrize("content", [None, [], ["a.txt"], ["a.png", "b.png"]])
def test_folder_without_images_is_refused(tmp_path, content):
    folder = tmp_path / "folder"
    if content is not None:
        folder.mkdir()
        for name in content:
            (folder / name).touch()
    with pytest.raises(InputError, match="folder"):
        datasets.load(f"folder:{folder}", "train", image_size=16)


def test_a_batch_larger_than_the_data_is_refused():
    with pytest.raises(InputError, match="batch_size=11 is larger than the 10"):
        datasets.check_batch_size(datasets.Images(count=10), 11)


def test_unknown_tfds_name_is_refused(tmp_path):
    with pytest.raises(InputError, match="knows no data set named 'no_such_set'.*TFDS directory, or else"):
        datasets.load("no_such_set", "train", data_dir=str(tmp_path), or_else=", or else")


def test_unreachable_cifar10_is_refused(tmp_path, monkeypatch):
    def no_address(*_):
        raise OSError("no address")

    monkeypatch.setattr("socket.getaddrinfo", no_address)
    monkeypatch.setattr("urllib.request.getproxies", dict)
    with pytest.raises(InputError, match="cifar10 is not prepared in .* --data-dir .* TFDS directory$"):
        datasets.load("cifar10", "train", data_dir=str(tmp_path))
    assert not list(tmp_path.rglob("*.*"))


def test_tfds_split_rules():
    rule = datasets._tfds_split
    assert rule({"train": 0, "test": 0, "validation": 0}, "test") == "test"
    assert rule({"train": 0, "validation": 0}, "test") == "validation"
    assert rule({"train": 0, "validation": 0}, "train") == "train[:90%]"
    assert [rule({"train": 0}, split) for split in datasets.SPLITS] == [
        "train[:80%]",
        "train[80%:90%]",
        "train[90%:]",
    ]


@pytest.fixture(scope="module")
def tiny_tfds(tmp_path_factory):
    """The directory of a TFDS data set of 20 training images and 4 test images."""
    import tensorflow_datasets as tfds

    def images(count):
        examples = {"image": np.zeros((count, 8, 8, 3), np.uint8)}
        return tf.data.Dataset.from_tensor_slices(examples)

    folder = tmp_path_factory.mktemp("tfds")
    features = tfds.features.FeaturesDict({"image": tfds.features.Image(shape=(None, None, 3))})
    splits = {"train": images(20), "test": images(4)}
    tfds.dataset_builders.store_as_tfds_dataset(
        "tiny", "1.0.0", features=features, split_datasets=splits, data_dir=folder
    )
    return folder


def cut_after_records(shard, count):
    content, end = shard.read_bytes(), 0
    for _ in range(count):  # length, its checksum, the record, its checksum
        end += 8 + 4 + struct.unpack_from("<Q", content, end)[0] + 4
    shard.write_bytes(content[:end])


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda shard: shard.unlink(), "missing"),
        (lambda shard: shard.write_bytes(shard.read_bytes()[:1000]), "damaged"),
        (lambda shard: cut_after_records(shard, 7), "7 of 20 images"),
    ],
)
def test_a_cut_or_missing_shard_is_named(tiny_tfds, tmp_path, damage, reason):
    shutil.copytree(tiny_tfds, tmp_path / "tfds")
    (shard,) = (tmp_path / "tfds").glob("tiny/1.0.0/*train*")
    source = {"name": "tiny", "split": "train", "image_size": 16, "data_dir": str(tmp_path / "tfds")}
    assert datasets.load(**source).count == 18
    damage(shard)
    with pytest.raises(InputError) as refused:
        datasets.load(**source)
    streamed = datasets.load(**source, memory_limit=1)
    with pytest.raises(InputError) as refused_later, reading(streamed):
        list(streamed.endless(0, 0).take(18))
    for error in (refused, refused_later):
        assert str(error.value).startswith(f"tiny: {shard}: {reason}: ") and "--data-dir" in str(error.value)
    assert datasets.load(**{**source, "split": "test"}).count == 4


def test_fit_makes_any_tfds_image_a_small_rgb_square():
    grey = tf.constant(np.full((28, 40, 1), 77, np.uint8))
    fitted = datasets._fit(grey, 32)
    assert fitted.shape == (32, 32, 3) and (fitted.numpy() == 77).all()


@pytest.mark.data
def test_cifar10_splits(cifar10):
    import tensorflow_datasets as tfds

    source = {"name": "cifar10", "data_dir": cifar10}
    streamed = [datasets.load(split=split, memory_limit=0, **source) for split in datasets.SPLITS]
    assert [images.count for images in streamed] == [45_000, 5_000, 10_000]
    assert all(images.decoded is None for images in streamed)
    for split, their_split, start in (
        ("train", "train", 0),
        ("validation", "train", 45_000),
        ("test", "test", 0),
    ):
        images = datasets.load(split=split, limit=1_100, **source)
        examples = tfds.load(
            "cifar10", split=f"{their_split}[{start}:{start + 1_100}]", data_dir=cifar10, download=False
        )
        np.testing.assert_array_equal(images.decoded, [example["image"] for example in tfds.as_numpy(examples)])
