"""The SavedModel of a trained generator, in TensorFlow Serving's layout."""

import os
import shutil
from pathlib import Path

import tensorflow as tf

from inpainting.masks import composite, fill_hole, hole_span
from inpainting.pixels import to_float, to_uint8


class Inpainter(tf.Module):
    """The two signatures around a generator [context, mask] -> prediction.

    serving_default: image uint8 [B, S, S, 3] and mask uint8 [B, S, S, 1] (non-zero = missing) -> inpainted
    uint8 [B, S, S, 3], every known pixel as it came. from_bytes: image_bytes and mask_bytes, encoded pictures
    [B] -> inpainted_bytes, PNG [B].

    patch: side of the centred square the generator predicts. A hole that reaches beyond it is an error, not a
    grey stain.
    """

    def __init__(self, generator, *, image_size, patch, fill, seed=0):
        super().__init__(name="inpainter")
        # In a closure: as an attribute, a Keras model is saved layer by layer beside the signatures, which
        # takes ten times as long. Its variables are what the signatures need.
        self.predict = lambda inputs: generator(inputs, training=False)
        self.image_size = image_size
        self.patch = patch
        self.fill = fill
        self.seed = seed
        size = image_size
        self.endpoints = {
            "serving_default": tf.function(
                self.inpaint,
                input_signature=[
                    tf.TensorSpec([None, size, size, 3], tf.uint8, "image"),
                    tf.TensorSpec([None, size, size, 1], tf.uint8, "mask"),
                ],
            ),
            "from_bytes": tf.function(
                self.inpaint_bytes,
                input_signature=[
                    tf.TensorSpec([None], tf.string, "image_bytes"),
                    tf.TensorSpec([None], tf.string, "mask_bytes"),
                ],
            ),
        }
        self.weights = self.endpoints["serving_default"].get_concrete_function().graph.variables

    def inpaint(self, image, mask):
        start, stop = hole_span(self.image_size, self.patch)
        missing = tf.cast(mask > 0, tf.float32)
        outside = tf.reduce_sum(missing) - tf.reduce_sum(missing[:, start:stop, start:stop])
        check = tf.debugging.assert_equal(
            outside,
            0.0,
            f"the hole must lie within rows and columns {start} to {stop - 1}: this model was trained for a "
            "centred hole",
        )
        with tf.control_dependencies([check] if check is not None else []):
            pixels = to_float(image)
        context = fill_hole(pixels, missing, fill=self.fill, seed=[self.seed, 0])
        prediction = self.predict([context, missing])
        return {"inpainted": to_uint8(composite(missing, prediction, pixels))}

    def inpaint_bytes(self, image_bytes, mask_bytes):
        size = self.image_size

        def decode(encoded, channels):
            picture = tf.io.decode_image(encoded, channels=channels, expand_animations=False)
            return tf.ensure_shape(picture, (size, size, channels))

        image = tf.map_fn(lambda encoded: decode(encoded, 3), image_bytes, fn_output_signature=tf.uint8)
        mask = tf.map_fn(lambda encoded: decode(encoded, 1), mask_bytes, fn_output_signature=tf.uint8)
        image = tf.reshape(image, [-1, size, size, 3])
        mask = tf.reshape(mask, [-1, size, size, 1])
        inpainted = self.inpaint(image, mask)["inpainted"]
        encoded = tf.map_fn(tf.io.encode_png, inpainted, fn_output_signature=tf.string)
        return {"inpainted_bytes": encoded}


def export(generator, path, *, image_size, patch, fill):
    """Writes the SavedModel to the directory `path` (…/saved_model/1), beside first and then renamed."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    module = Inpainter(generator, image_size=image_size, patch=patch, fill=fill)
    try:
        tf.saved_model.save(module, str(beside), signatures=module.endpoints)
        if path.exists():
            shutil.rmtree(path)
        os.replace(beside, path)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
