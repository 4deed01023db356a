"""Images per second of the whole data chain, beside a chain that works image by image.

    python benchmarks/pipeline.py

Ours: look-up, flips and shifts, colours, blur, masks and filled holes, a batch at a time. The other: the same
augmentations with tf.image.random_hue, random_saturation, random_contrast, flip, pad and crop, and TensorFlow
Addons' gaussian_filter2d (Keras' own where that is not installed), mapped over single images, then masked and
batched. Both run on the same images in one process, in turns; the median of the turns counts.
"""

import math
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from inpainting.command_line import import_tensorflow

import_tensorflow()

import numpy as np
import tensorflow as tf

from inpainting.config.data import Data
from inpainting.masks import center_masks, fill_hole
from pipelines.augmentation import BLUR_PROBABILITY, BLUR_SIGMA, BLUR_SIZE
from pipelines.blur import gaussian_blur
from pipelines.datasets import Images
from pipelines.inpainting import training_batches

BATCH = 64
BATCHES_PER_STEP = 11  # of paper_vgg_wgan: ten for the critic, one for the generator
STEPS = 20
TURNS = 5


def ours(images):
    return training_batches(
        images,
        seed=0,
        batch_size=BATCH,
        batches_per_step=BATCHES_PER_STEP,
        augmentations=Data().augmentations,
        **Data().masking,
    )


def per_image(images):
    def augment(image):
        image = tf.image.random_flip_left_right(image)
        image = tf.image.random_crop(tf.pad(image, [[4, 4], [4, 4], [0, 0]], "REFLECT"), [32, 32, 3])
        image = tf.image.convert_image_dtype(image, tf.float32)
        image = tf.image.random_hue(image, 0.05)
        image = tf.image.random_saturation(image, 0.8, 1.2)
        image = tf.image.random_contrast(image, 0.8, 1.2)
        blurred = tf.cond(
            tf.random.uniform([]) < BLUR_PROBABILITY,
            lambda: gaussian_blur(image[None], size=BLUR_SIZE, sigma=BLUR_SIGMA)[0],
            lambda: image,
        )
        return blurred * 2 - 1

    def mask(image):
        masks = center_masks(BATCH, image_size=32, hole=8)
        return {"image": image, "mask": masks, "context": fill_hole(image, masks, fill="zeros", seed=[0, 0])}

    dataset = tf.data.Dataset.from_tensor_slices(images.decoded).shuffle(images.count).repeat()
    dataset = dataset.map(augment, num_parallel_calls=tf.data.AUTOTUNE).batch(BATCH, drop_remainder=True)
    return dataset.map(mask, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)


def images_per_second(chain):
    """Speed over STEPS training steps, of an iterator of its own: no other chain prefetches meanwhile."""
    iterator = iter(chain)
    _take_steps(iterator, 3)  # fills the prefetch buffers, lets the autotuner settle
    began = time.perf_counter()
    images = _take_steps(iterator, STEPS)
    return images / (time.perf_counter() - began)


def _take_steps(iterator, steps):
    """Draws the images of so many steps; an element holds all images of a step, or one batch of them."""
    images = 0
    while images < steps * BATCHES_PER_STEP * BATCH:
        images += math.prod(next(iterator)["image"].shape[:-3])
    return images


def main():
    pixels = np.random.default_rng(0).integers(0, 256, (5000, 32, 32, 3), np.uint8)
    images = Images(count=len(pixels), decoded=pixels)
    chains = {"whole batches (ours)": ours(images), "image by image": per_image(images)}
    speeds = {name: [] for name in chains}
    for _ in range(TURNS):
        for name, chain in chains.items():
            speeds[name].append(images_per_second(chain))
    medians = {name: statistics.median(values) for name, values in speeds.items()}
    print(f"TensorFlow {tf.__version__}, batch {BATCH}, 32×32 pixels, median of {TURNS} turns of {STEPS} steps")
    for name, median in medians.items():
        low, high = min(speeds[name]), max(speeds[name])
        print(f"{name:22} {median:8.0f} images/s   ({low:.0f} to {high:.0f})")
    first, second = medians.values()
    print(f"ratio {first / second:.1f}")


if __name__ == "__main__":
    main()
