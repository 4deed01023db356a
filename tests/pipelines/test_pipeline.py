import numpy as np
import pytest
import tensorflow as tf

from inpainting.config.data import AUGMENTATIONS
from inpainting.pixels import to_float
from pipelines.datasets import Images
from pipelines.inpainting import evaluation_batches, training_batches
from pipelines.order import shuffled_index
from pipelines.streams import shuffled_records

MASKING = {"mask": "rectangle", "hole": 4, "fill": "noise"}


def numbered(count, size=16):
    """Images whose every value is their own number."""
    numbers = np.arange(count, dtype=np.uint8)[:, None, None, None]
    return Images(count=count, decoded=np.tile(numbers, (1, size, size, 3)))


def steps(images, count, **options):
    dataset = training_batches(images, **{"seed": 1, "batch_size": 4, **MASKING, **options})
    return list(dataset.take(count).as_numpy_iterator())


def assert_equal(first, second):
    for one, other in zip(first, second, strict=True):
        for key in ("image", "mask", "context"):
            np.testing.assert_array_equal(one[key], other[key])


def test_an_epoch_is_a_permutation_and_epochs_differ():
    order = shuffled_index(tf.range(300, dtype=tf.int64), 100, 5).numpy()
    for epoch in order.reshape(3, 100):
        assert sorted(epoch) == list(range(100))
    assert (order[:100] != order[100:200]).any() and (order[:100] != np.arange(100)).any()
    assert (order != shuffled_index(tf.range(300, dtype=tf.int64), 100, 6).numpy()).any()


def test_batches_that_cross_epochs_lose_nothing():
    seen = np.concatenate([step["image"][0, :, 0, 0, 0] for step in steps(numbered(10), 5)])
    numbers = np.rint((seen + 1) * 127.5).astype(int)
    assert sorted(numbers[:10]) == list(range(10)) and sorted(numbers[10:]) == list(range(10))


def test_every_batch_of_a_step_is_fresh():
    (step,) = steps(numbered(12), 1, batches_per_step=3)
    assert step["image"].shape == (3, 4, 16, 16, 3) and step["mask"].shape == (3, 4, 16, 16, 1)
    assert len(np.unique(step["image"])) == 12


@pytest.mark.parametrize("augmentations", [(), pytest.param(AUGMENTATIONS, marks=pytest.mark.slow)])
def test_the_stream_is_a_function_of_seed_and_step(augmentations):
    random = np.random.default_rng(0)
    images = Images(count=50, decoded=random.integers(0, 256, (50, 16, 16, 3), np.uint8))
    whole = steps(images, 6, augmentations=augmentations, batches_per_step=2)
    resumed = steps(images, 3, augmentations=augmentations, batches_per_step=2, start=3)
    assert_equal(whole[3:], resumed)
    other = steps(images, 6, augmentations=augmentations, batches_per_step=2, seed=2)
    assert (whole[0]["image"] != other[0]["image"]).any() and (whole[0]["mask"] != other[0]["mask"]).any()


def test_a_phase_goes_on_where_the_one_before_ended():
    # Two warm-up steps of one batch, then steps of three: position 2, not 6.
    early = steps(numbered(100), 5)
    (late,) = steps(numbered(100), 1, start=2, first_batch=2, batches_per_step=3)
    images = np.concatenate([step["image"] for step in early[2:]])
    np.testing.assert_array_equal(late["image"], images)


def test_the_hole_is_filled_and_the_context_is_not_touched():
    (step,) = steps(numbered(8), 1)
    known = step["mask"] == 0
    np.testing.assert_array_equal((step["context"] * known), (step["image"] * known))
    assert (step["context"] != step["image"]).any()


@pytest.mark.parametrize("mask", ["center", "rectangle"])
def test_no_pixel_of_the_hole_reaches_the_context(mask):
    """Other values in the hole, whatever the augmentation, give the same context to the bit."""
    random = np.random.default_rng(0)
    pixels = random.integers(60, 200, (40, 16, 16, 3), np.uint8)
    options = {"mask": mask, "fill": "zeros", "batch_size": 40}
    names = tuple(name for name in AUGMENTATIONS if name not in ("flip", "shift"))  # the hole stays where it is
    (plain,) = steps(Images(count=40, decoded=pixels), 1, augmentations=names, **options)
    order = shuffled_index(tf.range(40, dtype=tf.int64), 40, 1).numpy()
    changed = pixels.copy()
    changed[order] = np.where(plain["mask"][0] == 1, 255 - pixels[order], pixels[order])
    (other,) = steps(Images(count=40, decoded=changed), 1, augmentations=names, **options)
    np.testing.assert_array_equal(plain["context"], other["context"])
    assert (plain["image"] != other["image"]).any()


def test_evaluation_keeps_order_and_tail_and_fixes_the_holes():
    images = numbered(255)
    batches = list(evaluation_batches(images, **MASKING).as_numpy_iterator())
    assert [len(batch["image"]) for batch in batches] == [250, 5]
    everything = np.concatenate([batch["image"] for batch in batches])
    np.testing.assert_array_equal(everything, to_float(images.decoded))
    assert_equal(batches, list(evaluation_batches(images, **MASKING).as_numpy_iterator()))
    fewer = Images(count=30, decoded=images.decoded[:30])
    (first,) = evaluation_batches(fewer, **MASKING).as_numpy_iterator()
    np.testing.assert_array_equal(first["mask"], batches[0]["mask"][:30])
    assert (batches[0]["mask"][0] != batches[0]["mask"][1]).any()


def test_streamed_images_train_and_evaluate():
    kept = numbered(20)
    stream = tf.data.Dataset.from_tensor_slices(kept.decoded)
    endless = shuffled_records(stream, 20, lambda image: image, record_bytes=1)
    streamed = Images(count=20, endless=endless)
    batches = steps(streamed, 5, batches_per_step=2)
    assert_equal(batches[3:], steps(streamed, 2, batches_per_step=2, start=3))
    seen = np.concatenate([batch["image"][..., 0, 0, 0].ravel() for batch in batches])
    assert len(np.unique(seen[:20])) == len(np.unique(seen[20:])) == 20 and len(seen) == 40
    assert_equal(
        list(evaluation_batches(kept, **MASKING).as_numpy_iterator()),
        list(evaluation_batches(Images(count=20, stream=stream), **MASKING).as_numpy_iterator()),
    )
