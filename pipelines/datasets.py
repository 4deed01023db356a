"""Images by name: CIFAR-10 and any other TFDS data set, a folder of pictures, the embedded dead leaves.

Splits. TFDS: a data set with a `test` split keeps it; one with only a `validation` split (ImageNet 32×32) is
tested on that; validation is the last tenth of `train`, training the rest (CIFAR-10: 45,000, 5,000 and
10,000 images). With `train` alone the last tenth is the test, the tenth before it validation. A folder: of
every ten pictures, sorted by path, the first is for test, the second for validation. Dead leaves: each split
is drawn from its own seed.
"""

import logging
import socket
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from PIL import Image, ImageOps

from inpainting.errors import InputError
from pipelines.dead_leaves import dead_leaves

SPLITS = ("train", "validation", "test")
MEMORY_LIMIT = 2 * 2**30  # bytes of decoded images that are kept in memory; more is streamed from disk
SUFFIXES = (".png", ".jpg", ".jpeg")
DEAD_LEAVES = {"train": 6000, "validation": 1000, "test": 1000}

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Images:
    """One split. count: number of images. decoded: uint8 [count, S, S, 3], or None when it is streamed.

    stream: a tf.data.Dataset of uint8 [S, S, 3], or None when it is in memory. Validation and test images
    come in the split's order.
    """

    count: int
    decoded: Any = None
    stream: Any = None


def load(name, split, *, image_size=32, data_dir=None, limit=None, memory_limit=MEMORY_LIMIT):
    """One of the SPLITS of a data set, centre-cropped to squares and resized to image_size where need be.

    name: `dead_leaves`, `folder:PATH` or the name of a TFDS image data set. data_dir: TFDS' directory (by
    default its own: TFDS_DATA_DIR or ~/tensorflow_datasets). limit: the first so many images only.
    Raises InputError, in one line, for what cannot be had.
    """
    if name == "dead_leaves":
        count = min(DEAD_LEAVES[split], limit or DEAD_LEAVES[split])
        return Images(count, dead_leaves(count, image_size=image_size, seed=SPLITS.index(split)))
    if name.startswith("folder:"):
        paths = _folder_split(Path(name.removeprefix("folder:")).expanduser(), split)[:limit]
        return _load_folder(paths, split, image_size, memory_limit)
    return _load_tfds(name, split, image_size, data_dir, limit, memory_limit)


def check_batch_size(images, batch_size):
    """Refuses a batch larger than the training split."""
    if batch_size > images.count:
        raise InputError(
            f"batch_size={batch_size} is larger than the {images.count} training images: choose a smaller "
            "--batch-size"
        )


def _folder_split(folder, split):
    if not folder.is_dir():
        raise InputError(f"there is no folder {folder}: give --dataset folder:PATH an existing one")
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    if len(paths) < 3:
        found = "no images" if not paths else f"only {len(paths)} images"
        raise InputError(
            f"{found} ({', '.join(SUFFIXES)}) in {folder}: training, validation and test need one each at least"
        )
    tenth = {"test": (0,), "validation": (1,), "train": range(2, 10)}[split]
    return [path for index, path in enumerate(paths) if index % 10 in tenth]


def _load_folder(paths, split, image_size, memory_limit):
    if len(paths) * image_size**2 * 3 > memory_limit:
        if split == "train":  # neighbours in a folder are alike, and the shuffle buffer may not reach further
            paths = [paths[index] for index in np.random.default_rng(0).permutation(len(paths))]

        def read(path):
            image = _read_image(Path(path.decode()), image_size)
            return (True, image) if image is not None else (False, np.zeros([image_size] * 2 + [3], np.uint8))

        stream = tf.data.Dataset.from_tensor_slices([str(path) for path in paths])
        stream = stream.map(
            lambda path: tf.numpy_function(read, [path], (tf.bool, tf.uint8)),
            num_parallel_calls=tf.data.AUTOTUNE,
        )
        stream = stream.filter(lambda readable, _: readable)
        stream = stream.map(lambda _, image: tf.ensure_shape(image, (image_size, image_size, 3)))
        return Images(count=len(paths), stream=stream)
    with ThreadPoolExecutor() as pool:
        images = list(pool.map(lambda path: _read_image(path, image_size), paths))
    images = [image for image in images if image is not None]
    if not images:
        raise InputError(
            f"none of the {len(paths)} images beside {paths[0]} could be read: see the lines above"
        )
    return Images(count=len(images), decoded=np.stack(images))


def _read_image(path, image_size):
    """One picture as uint8 [image_size, image_size, 3]; None, with a line in the log, if it is unreadable."""
    try:
        with Image.open(path) as picture:
            upright = ImageOps.exif_transpose(picture).convert("RGB")
            return np.asarray(ImageOps.fit(upright, (image_size, image_size), Image.Resampling.LANCZOS))
    except Exception as error:  # Pillow's decoders raise most kinds
        log.warning("skipped, unreadable: %s (%s)", path, _first_line(error))
        return None


def _load_tfds(name, split, image_size, data_dir, limit, memory_limit):
    import tensorflow_datasets as tfds  # seconds to import, and not needed by the other data sets

    builder = _prepared_builder(tfds, name, data_dir)
    features = builder.info.features
    if "image" not in features or not isinstance(features["image"], tfds.features.Image):
        raise InputError(f"{name} has no feature 'image': --dataset takes TFDS image data sets")
    if features["image"].dtype != np.uint8 or "train" not in builder.info.splits:
        raise InputError(f"{name} has no 8-bit training images: --dataset takes TFDS image data sets")
    instruction = _tfds_split(builder.info.splits, split)
    count = builder.info.splits[instruction].num_examples
    count = min(count, limit or count)
    kept = count * image_size**2 * 3 <= memory_limit
    if kept or split != "train":
        # One file after another: the images come in the data set's own order.
        read_config = tfds.ReadConfig(interleave_cycle_length=1)
        stream = builder.as_dataset(split=instruction, read_config=read_config)
    else:
        stream = builder.as_dataset(split=instruction, shuffle_files=True)
    stream = stream.map(lambda example: _fit(example["image"], image_size), num_parallel_calls=tf.data.AUTOTUNE)
    stream = stream.take(count)
    if not kept:
        return Images(count=count, stream=stream)
    decoded = np.empty((count, image_size, image_size, 3), np.uint8)
    filled = 0
    for batch in stream.batch(1000).as_numpy_iterator():
        decoded[filled : filled + len(batch)] = batch
        filled += len(batch)
    return Images(count=count, decoded=decoded)


def _prepared_builder(tfds, name, data_dir):
    way_out = (
        "give --data-dir a prepared TFDS directory, or train on the embedded images: --dataset dead_leaves"
    )
    try:
        builder = tfds.builder(name, data_dir=data_dir)
    except Exception as error:
        if isinstance(error, tfds.core.registered.DatasetNotFoundError):
            raise InputError(f"TFDS knows no data set named {name!r}: {way_out}") from error
        raise InputError(f"{name} cannot be opened ({_first_line(error)}): {way_out}") from error
    if not builder.info.splits:
        try:
            _check_reachable(builder.info.homepage)
            log.warning("%s is not in %s: downloading", name, builder.data_dir)
            builder.download_and_prepare()
        except Exception as error:  # whatever went wrong between here and the data set's home
            raise InputError(
                f"{name} is not prepared in {builder.data_dir} and cannot be downloaded "
                f"({_first_line(error)}): {way_out}"
            ) from error
    return builder


def _check_reachable(homepage):
    """Raises OSError at once where the machine is offline: TFDS would try for minutes."""
    hosts = [urllib.parse.urlparse(homepage).hostname, "www.tensorflow.org"]
    failures = []
    for host in filter(None, hosts):
        try:
            socket.getaddrinfo(host, 443)
        except OSError as error:
            failures.append(f"{host}: {error}")
    if len(failures) == len(hosts) and not urllib.request.getproxies():
        raise OSError(failures[0])


def _first_line(error):
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:120]}" if lines else type(error).__name__


def _tfds_split(splits, split):
    """TFDS' expression for one of the SPLITS, by the rule in the module's header."""
    held_out = next((name for name in ("test", "validation") if name in splits), None)
    if held_out:
        return {"train": "train[:90%]", "validation": "train[90%:]", "test": held_out}[split]
    return {"train": "train[:80%]", "validation": "train[80%:90%]", "test": "train[90%:]"}[split]


def _fit(image, image_size):
    """A decoded image as uint8 [image_size, image_size, 3]: grey becomes RGB, the centre square is kept."""
    if image.shape[-1] == 1:
        image = tf.image.grayscale_to_rgb(image)
    image = image[..., :3]
    if image.shape[:2] != (image_size, image_size):
        height, width = tf.shape(image)[0], tf.shape(image)[1]
        side = tf.minimum(height, width)
        image = tf.image.crop_to_bounding_box(image, (height - side) // 2, (width - side) // 2, side, side)
        image = tf.image.resize(image, (image_size, image_size), "lanczos3", antialias=True)
        image = tf.cast(tf.clip_by_value(tf.round(image), 0.0, 255.0), tf.uint8)
    return tf.ensure_shape(image, (image_size, image_size, 3))
