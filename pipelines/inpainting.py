"""Batches for training and evaluation: the one chain from decoded images to image, mask and context.

Training, in this order:

1. decode once, keep the uint8 images in memory: everything random comes after, so no epoch repeats another;
2. pick the step's images: position p of the stream is image perm_e(p mod N) of epoch e = p div N, so an epoch
   sees every image once, and no state is kept; of larger pictures, cut a random crop of each;
3. flip and shift while the images are still bytes: a look-up, four times less memory to move;
4. draw the masks;
5. to float32 in [-1, 1], then hue, saturation, contrast and blur: after the geometry, so that reflected
   borders are coloured and blurred with the rest, and known pixels by known ones alone, so that no colour of
   the hole reaches its context;
6. fill the holes;
7. prefetch, so that the next step is made while this one trains.

Each step is a function of (seed, step): a resumed run needs the step number alone, and two runs with one seed
see the same data. So it is of a data set too large for the memory, which is read while it is needed
(pipelines/streams.py).
"""

import tensorflow as tf

from inpainting.masks import draw_masks, fill_hole
from inpainting.pixels import to_float
from pipelines.augmentation import blur, flip_and_shift, jitter_colour
from pipelines.order import shuffled_index

EVALUATION_BATCH = 250  # fixed: the evaluation's masks are drawn batch by batch
EVALUATION_SEED = 20_170_607
EVALUATION_CROPS = 4  # of each picture


def training_batches(
    images, *, seed, batch_size, batches_per_step=1, start=0, first_batch=None, augmentations=(), **masking
):
    """An endless dataset of one element a step, from step `start` on.

    An element is a dict of float32 tensors [K, batch_size, S, S, C], K = batches_per_step: `image`, `mask` and
    `context` (the image with its hole filled). first_batch: how many batches the steps before `start` have
    taken, by default start · K. masking: `mask`, `hole` and `fill` of inpainting.masks.
    """
    first_batch = start * batches_per_step if first_batch is None else first_batch
    size = batches_per_step * batch_size
    steps = tf.data.Dataset.counter(start)

    def prepare(step, pixels):
        batch = _prepare(
            pixels,
            _seed(seed, step, 1),
            augmentations=augmentations,
            augmentation=_seed(seed, step, 0),
            **masking,
        )
        return {
            key: tf.reshape(value, [batches_per_step, batch_size, *value.shape[1:]])
            for key, value in batch.items()
        }

    if images.endless is None:
        pick = _picker(images)

        def pick_and_prepare(step):
            positions = first_batch * batch_size + (step - start) * size + tf.range(size, dtype=tf.int64)
            return prepare(step, pick(shuffled_index(positions, images.count, seed), _seed(seed, step, 2)))

        dataset = steps.map(pick_and_prepare, num_parallel_calls=tf.data.AUTOTUNE)
    else:
        stream = images.endless(seed, first_batch * batch_size).batch(size, drop_remainder=True)
        dataset = tf.data.Dataset.zip((steps, stream)).map(prepare, num_parallel_calls=tf.data.AUTOTUNE)
    return dataset.prefetch(2)


def evaluation_batches(images, **masking):
    """The images in their order in batches of `image`, `mask` and `context`, the short last one kept.

    No augmentation; the holes depend on the image's position alone, never on the run. Of pictures to be cropped
    there are EVALUATION_CROPS each, which depend on the picture's position alone, too.
    """
    if images.crops:
        cut, stream = images.crops.cutter(), tf.data.Dataset.range(images.count * EVALUATION_CROPS)
    elif images.decoded is not None:
        stream = tf.data.Dataset.from_tensor_slices(images.decoded)
    else:
        stream = images.stream

    def prepare(index, pixels):
        if images.crops:  # these are their numbers
            uniform = tf.random.stateless_uniform([EVALUATION_BATCH, 3], _seed(EVALUATION_SEED, index, 1))
            pixels = cut(pixels // EVALUATION_CROPS, uniform[: tf.shape(pixels)[0]])
        return _prepare(pixels, _seed(EVALUATION_SEED, index, 0), draws=EVALUATION_BATCH, **masking)

    return stream.batch(EVALUATION_BATCH).enumerate().map(prepare).prefetch(2)


def _picker(images):
    """A function of the numbers of images, [B], and a seed, that gives those images, uint8 [B, S, S, 3]."""
    if images.crops:
        cut = images.crops.cutter()
        return lambda numbers, seed: cut(numbers, tf.random.stateless_uniform([tf.size(numbers), 3], seed))
    with tf.device("CPU:0"):  # a GPU has better use for its memory
        decoded = tf.constant(images.decoded)
    return lambda numbers, seed: tf.gather(decoded, numbers)


def _seed(seed, step, purpose):
    """A stateless seed, int32 [2], for one purpose in one step."""
    return tf.random.fold_in(tf.random.fold_in(tf.constant([seed, 0]), step), purpose)


def _prepare(pixels, seed, *, mask, hole, fill, draws=None, augmentations=(), augmentation=None):
    """image, mask and context of pixels [B, S, S, 3].

    draws: masks to draw, of which the first B serve. augmentation: the seed of the augmentations.
    """
    seeds = tf.random.split(seed, 2)
    batch, size = tf.shape(pixels)[0], pixels.shape[1]
    masks = draw_masks(mask, draws or batch, image_size=size, hole=hole, seed=seeds[0])[:batch]
    if augmentations:
        images = _augment(pixels, masks, augmentations, augmentation)
    else:
        images = to_float(pixels)
    return {"image": images, "mask": masks, "context": fill_hole(images, masks, fill=fill, seed=seeds[1])}


def _augment(pixels, masks, names, seed):
    seeds = tf.random.split(seed, 3)
    images = to_float(flip_and_shift(pixels, names=names, seed=seeds[0]))
    images = jitter_colour(images, masks, names=names, seed=seeds[1])
    return blur(images, masks, seed=seeds[2]) if "blur" in names else images
