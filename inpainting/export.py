"""The SavedModel of a trained generator, in TensorFlow Serving's layout."""

import os
import shutil
from functools import partial
from pathlib import Path

import tensorflow as tf

from inpainting.completion import complete
from inpainting.masks import fill_hole, hole_span
from inpainting.optimizers import resource
from inpainting.pixels import to_float, to_uint8


class Inpainter(tf.Module):
    """The signatures around a generator.

    serving_default: image uint8 [B, S, S, 3] and mask uint8 [B, S, S, 1] (non-zero = missing) -> inpainted
    uint8 [B, S, S, 3], every known pixel as it came. from_bytes: image_bytes and mask_bytes, encoded pictures
    [B] -> inpainted_bytes, PNG [B].

    A density model's serving_default fills in mode mean. It has two more: greedy, with the same inputs, and
    sample, with seed int32 [B] too; beside `inpainted` they return log_likelihood, nats [B].

    config: the run's Config. A hole that reaches beyond the square the generator fills is an error, not a grey
    stain.
    """

    def __init__(self, generator, config):
        super().__init__(name="inpainter")
        self.size, self.patch = config.image_size, config.patch
        image = tf.TensorSpec([None, self.size, self.size, 3], tf.uint8, "image")
        mask = tf.TensorSpec([None, self.size, self.size, 1], tf.uint8, "mask")

        # In closures: as an attribute, a Keras model is saved layer by layer beside the signatures, which takes
        # ten times as long. Its variables are what the signatures need.
        def predict(image, missing):
            """Reconstruction by a network [context, mask] -> prediction."""
            context = fill_hole(to_float(image), missing, fill=config.fill, seed=[0, 0])
            return to_uint8(generator([context, missing], training=False)), None

        def fill(image, missing, **options):
            """Completion by a density model."""
            completed, likelihood = complete(generator, tf.cast(image, tf.int32), missing, **options)
            return tf.cast(completed, tf.uint8), likelihood

        density = config.method == "density"
        self.fill = partial(fill, mode="mean") if density else predict
        self.endpoints = {
            "serving_default": tf.function(
                lambda image, mask: {"inpainted": self.inpaint(image, mask, self.fill)["inpainted"]},
                input_signature=[image, mask],
            ),
            "from_bytes": tf.function(
                self.inpaint_bytes,
                input_signature=[
                    tf.TensorSpec([None], tf.string, "image_bytes"),
                    tf.TensorSpec([None], tf.string, "mask_bytes"),
                ],
            ),
        }
        if density:
            self.endpoints["greedy"] = tf.function(
                lambda image, mask: self.inpaint(image, mask, partial(fill, mode="greedy")),
                input_signature=[image, mask],
            )
            self.endpoints["sample"] = tf.function(
                lambda image, mask, seed: self.inpaint(image, mask, partial(fill, mode="sample", seed=seed)),
                input_signature=[image, mask, tf.TensorSpec([None], tf.int32, "seed")],
            )
        self.weights = [resource(variable) for variable in generator.variables]

    def inpaint(self, image, mask, fill):
        """inpainted and log_likelihood by `fill`, from (image, missing) to what stands in the hole."""
        start, stop = hole_span(self.size, self.patch)
        missing = tf.cast(mask > 0, tf.float32)
        outside = tf.reduce_sum(missing) - tf.reduce_sum(missing[:, start:stop, start:stop])
        check = tf.debugging.assert_equal(
            outside,
            0.0,
            f"the hole must lie within rows and columns {start} to {stop - 1}: this model was trained for a "
            "centred hole",
        )
        with tf.control_dependencies([check] if check is not None else []):
            image = tf.identity(image)
        filled, likelihood = fill(image, missing)
        return {"inpainted": tf.where(mask > 0, filled, image), "log_likelihood": likelihood}

    def inpaint_bytes(self, image_bytes, mask_bytes):
        size = self.size

        def decode(encoded, channels):
            picture = tf.io.decode_image(encoded, channels=channels, expand_animations=False)
            return tf.ensure_shape(picture, (size, size, channels))

        image = tf.map_fn(lambda encoded: decode(encoded, 3), image_bytes, fn_output_signature=tf.uint8)
        mask = tf.map_fn(lambda encoded: decode(encoded, 1), mask_bytes, fn_output_signature=tf.uint8)
        image = tf.reshape(image, [-1, size, size, 3])
        mask = tf.reshape(mask, [-1, size, size, 1])
        inpainted = self.inpaint(image, mask, self.fill)["inpainted"]
        encoded = tf.map_fn(tf.io.encode_png, inpainted, fn_output_signature=tf.string)
        return {"inpainted_bytes": encoded}


def export(generator, path, config):
    """Writes the SavedModel to the directory `path` (…/saved_model/1), beside first and then renamed."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    module = Inpainter(generator, config)
    try:
        tf.saved_model.save(module, str(beside), signatures=module.endpoints)
        if path.exists():
            shutil.rmtree(path)
        os.replace(beside, path)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
