"""Images by name: CIFAR-10 and any other TFDS data set, a folder of pictures, the embedded dead leaves.

Splits. TFDS: a data set with a `test` split keeps it; one with only a `validation` split (ImageNet 32×32) is
tested on that; validation is the last tenth of `train`, training the rest (CIFAR-10: 45,000, 5,000 and
10,000 images). With `train` alone the last tenth is the test, the tenth before it validation. A folder: see
pipelines/folders.py. Dead leaves: each split is drawn from its own seed.
"""

import logging
import os
import shlex
import socket
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import tensorflow as tf

from inpainting.errors import InputError, first_line
from inpainting.files import shown
from pipelines import crops, folders
from pipelines.dead_leaves import dead_leaves
from pipelines.folders import SPLITS
from pipelines.streams import Images, held_out_pictures, reading, shuffled_records, training_pictures

MEMORY_LIMIT = 2 * 2**30  # bytes of decoded images that are kept in memory; more is streamed from disk
DEAD_LEAVES = {"train": 6000, "validation": 1000, "test": 1000}

log = logging.getLogger(__name__)


def load(
    name,
    split,
    *,
    image_size=32,
    crop="center",
    data_dir=None,
    limit=None,
    folder=None,
    or_else="",
    memory_limit=MEMORY_LIMIT,
):
    """One of the SPLITS of a data set, in squares of image_size pixels.

    crop: "center", the centre square of what is larger or smaller, resized, or, of a folder, "random": see
    pipelines/crops.py. name: `dead_leaves`, `folder:PATH` or the name of a TFDS image data set. data_dir: TFDS'
    directory (by default its own: TFDS_DATA_DIR or ~/tensorflow_datasets). limit: the first so many images
    only. folder: the Folder of `folder:PATH`, where it has been found already. or_else: another way out than
    --data-dir, for the message that TFDS has not got the data set. Raises InputError, in one line, for what
    cannot be had.
    """
    if name == "dead_leaves":
        count = min(DEAD_LEAVES[split], limit or DEAD_LEAVES[split])
        return Images(count, dead_leaves(count, image_size=image_size, seed=SPLITS.index(split)))
    folder = folder or folders.of(name)
    if folder:
        return _load_folder(folder, split, image_size, crop, limit, memory_limit)
    return _load_tfds(name, split, image_size, data_dir, limit, memory_limit, or_else)


def check_batch_size(images, batch_size):
    """Refuses a batch larger than the training split."""
    if batch_size > images.count:
        raise InputError(
            f"batch_size={batch_size} is larger than the {images.count} training images: choose a smaller "
            "--batch-size"
        )


def _load_folder(folder, split, image_size, crop, limit, memory_limit):
    names = folder.splits[split][:limit]
    if crop == "random":
        loaded = crops.load(folder, split, names, image_size, memory_limit)
        return Images(count=len(loaded.pictures), crops=loaded)
    if len(names) * image_size**2 * 3 > memory_limit:
        if split == "train":
            return training_pictures(folder, names, image_size)
        return held_out_pictures(folder, split, names, image_size)
    with ThreadPoolExecutor() as pool:
        images = list(pool.map(lambda name: folder.read(name, image_size), names))
    images = [image for image in images if image is not None]
    if not images:
        raise InputError(folder.unreadable(split))
    return Images(count=len(images), decoded=np.stack(images))


def _load_tfds(name, split, image_size, data_dir, limit, memory_limit, or_else):
    import tensorflow_datasets as tfds  # seconds to import, and not needed by the other data sets

    builder = _prepared_builder(tfds, name, data_dir, or_else)
    features = builder.info.features
    if "image" not in features or not isinstance(features["image"], tfds.features.Image):
        raise InputError(f"{name} has no feature 'image': --dataset takes TFDS image data sets")
    if features["image"].dtype != np.uint8 or "train" not in builder.info.splits:
        raise InputError(f"{name} has no 8-bit training images: --dataset takes TFDS image data sets")
    instruction = _tfds_split(builder.info.splits, split)
    count = builder.info.splits[instruction].num_examples
    count = min(count, limit or count)
    info = builder.info.splits[instruction.partition("[")[0]]
    # One file after another: the images come in the data set's own order.
    options = {"split": instruction, "read_config": tfds.ReadConfig(interleave_cycle_length=1)}
    records = builder.as_dataset(**options, decoders={"image": tfds.decode.SkipDecoding()})
    records = records.map(lambda example: example["image"]).take(count)

    def decode(record):
        return _fit(features["image"].decode_example(record), image_size)

    source = {"count": count, "explain": lambda error: _damage(error, name, info)}
    kept = count * image_size**2 * 3 <= memory_limit
    if not kept and split == "train":
        record_bytes = max(info.num_bytes // info.num_examples, 1)
        return Images(**source, endless=shuffled_records(records, count, decode, record_bytes=record_bytes))
    images = Images(**source, stream=records.map(decode, num_parallel_calls=tf.data.AUTOTUNE))
    if not kept:
        return images
    decoded = np.empty((count, image_size, image_size, 3), np.uint8)
    filled = 0
    with reading(images):
        for batch in images.stream.batch(1000).as_numpy_iterator():
            decoded[filled : filled + len(batch)] = batch
            filled += len(batch)
    return Images(count=count, decoded=decoded)


def _damage(error, name, info):
    """The line that names the first missing or damaged file of a TFDS split, None where none is."""
    if not isinstance(
        error, (tf.errors.DataLossError, tf.errors.NotFoundError, tf.errors.FailedPreconditionError)
    ):
        return None
    for path, length in zip(info.filepaths, info.shard_lengths, strict=True):
        try:
            found = sum(1 for _ in tf.data.TFRecordDataset(str(path)))
            reason = f"{found:,} of {length:,} images" if found != length else None
        except tf.errors.OpError as failure:
            reason = "missing" if isinstance(failure, tf.errors.NotFoundError) else "damaged"
        if reason:
            return (
                f"{name}: {path}: {reason}: prepare the data set anew, or give --data-dir another place of it"
            )
    return None


def _prepared_builder(tfds, name, data_dir, or_else):
    way_out = f"give --data-dir a prepared TFDS directory{or_else}"
    try:
        builder = tfds.builder(name, data_dir=data_dir)
    except Exception as error:
        _refuse_path(name)
        if isinstance(error, tfds.core.registered.DatasetNotFoundError):
            raise InputError(f"TFDS knows no data set named {name!r}: {way_out}") from error
        raise InputError(f"{name} cannot be opened ({first_line(error)}): {way_out}") from error
    if not builder.info.splits:
        try:
            _check_reachable(builder.info.homepage)
            log.warning("%s is not in %s: downloading", name, builder.data_dir)
            builder.download_and_prepare()
        except Exception as error:  # whatever went wrong between here and the data set's home
            raise InputError(
                f"{name} is not prepared in {builder.data_dir} and cannot be downloaded "
                f"({first_line(error)}): {way_out}"
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


def _refuse_path(name):
    """Refuses what is no data set's name but a path, with the right spelling."""
    path = os.path.expanduser(name)
    if os.path.exists(path) or name.startswith(("/", ".", "~")):
        place = name if os.path.isdir(path) else os.path.dirname(name) or "."
        spelling = shlex.quote(f"{folders.PREFIX}{shown(place)}")
        raise InputError(f"{shown(name)} is no data set's name: for a folder write --dataset {spelling}")


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
