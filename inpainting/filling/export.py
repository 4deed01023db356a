"""The SavedModel of fillers, in TensorFlow Serving's layout."""

import os
import shutil
from functools import partial
from pathlib import Path

import tensorflow as tf

from inpainting.variables import resource


class Inpainter(tf.Module):
    """The signatures around the fillers of one network, all of one image size S.

    serving_default: image uint8 [B, S, S, 3] and mask uint8 [B, S, S, 1] (non-zero = missing) -> inpainted
    uint8 [B, S, S, 3], every known pixel as it came. from_bytes: image_bytes and mask_bytes, encoded pictures
    [B] -> inpainted_bytes, PNG [B].

    A density model's serving_default fills in mode mean. It has two more: greedy, with the same inputs, and
    sample, with seed int32 [B] too; beside `inpainted` they return log_likelihood, nats [B].

    A hole that reaches beyond the square the network fills is an error, not a grey stain.
    """

    def __init__(self, fillers):
        super().__init__(name="inpainter")
        self.size, self.span = fillers[0].image_size, fillers[0].span
        image = tf.TensorSpec([None, self.size, self.size, 3], tf.uint8, "image")
        mask = tf.TensorSpec([None, self.size, self.size, 1], tf.uint8, "mask")
        seed = tf.TensorSpec([None], tf.int32, "seed")

        # In closures: as an attribute, a Keras model is saved layer by layer beside the signatures, which takes
        # ten times as long. Its variables are what the signatures need.
        def signature(filler):
            if filler.draws:
                function = partial(self.inpaint, filler.complete)
                return tf.function(function, input_signature=[image, mask, seed])

            def answer(image, mask):
                outputs = self.inpaint(filler.complete, image, mask, tf.zeros([tf.shape(image)[0]], tf.int32))
                usual = filler.signature == "serving_default"
                return {"inpainted": outputs["inpainted"]} if usual else outputs

            return tf.function(answer, input_signature=[image, mask])

        self.endpoints = {filler.signature: signature(filler) for filler in fillers}
        self.endpoints["from_bytes"] = tf.function(
            partial(self.inpaint_bytes, self.endpoints["serving_default"]),
            input_signature=[
                tf.TensorSpec([None], tf.string, "image_bytes"),
                tf.TensorSpec([None], tf.string, "mask_bytes"),
            ],
        )
        self.weights = [resource(variable) for variable in fillers[0].network.variables]

    def inpaint(self, complete, image, mask, seed):
        """What complete(image, missing, seed) returns, once the hole is known to lie where it may."""
        start, stop = self.span
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
        return complete(image, missing, seed)

    def inpaint_bytes(self, answer, image_bytes, mask_bytes):
        size = self.size

        def decode(encoded, channels):
            picture = tf.io.decode_image(encoded, channels=channels, expand_animations=False)
            return tf.ensure_shape(picture, (size, size, channels))

        image = tf.map_fn(lambda encoded: decode(encoded, 3), image_bytes, fn_output_signature=tf.uint8)
        mask = tf.map_fn(lambda encoded: decode(encoded, 1), mask_bytes, fn_output_signature=tf.uint8)
        image = tf.reshape(image, [-1, size, size, 3])
        mask = tf.reshape(mask, [-1, size, size, 1])
        inpainted = answer(image, mask)["inpainted"]
        encoded = tf.map_fn(tf.io.encode_png, inpainted, fn_output_signature=tf.string)
        return {"inpainted_bytes": encoded}


def export(fillers, path):
    """Writes the SavedModel to the directory `path` (…/saved_model/1), beside first and then renamed."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    module = Inpainter(fillers)
    try:
        tf.saved_model.save(module, str(beside), signatures=module.endpoints)
        if path.exists():
            shutil.rmtree(path)
        os.replace(beside, path)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
