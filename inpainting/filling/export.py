"""The SavedModel of fillers, in TensorFlow Serving's layout."""

import shutil
from pathlib import Path

import tensorflow as tf

from inpainting.files import beside, disk, replace_directory
from inpainting.filling.encoded import decode_mask, decode_picture
from inpainting.variables import resource

HALF = 128  # and above, of 255, is missing


class Inpainter(tf.Module):
    """The signatures around the fillers of one network, all of one image size S.

    serving_default: image uint8 [B, S, S, 3] and mask uint8 [B, S, S, 1] -> inpainted uint8 [B, S, S, 3], every
    known pixel as it came. A mask whose largest value is 1 has 1 = missing, any other 128 and above = missing.
    from_bytes: image_bytes and mask_bytes, encoded pictures [B] -> inpainted_bytes, PNG [B]. 128 and above, of
    a mask as `decode_mask` reads it, is missing.

    A density model's serving_default fills in mode mean. It has two more: greedy, with the same inputs, and
    sample, with seed int32 [B] too; beside `inpainted` they return log_likelihood, nats [B].

    Refused, with an InvalidArgumentError whose first line says why: numbers and sizes that do not fit, a mask
    that is dark all over but not 0, and a hole that the network was not trained to fill.
    """

    def __init__(self, fillers):
        super().__init__(name="inpainter")
        size = fillers[0].image_size
        image = tf.TensorSpec([None, size, size, 3], tf.uint8, "image")
        mask = tf.TensorSpec([None, size, size, 1], tf.uint8, "mask")
        seed = tf.TensorSpec([None], tf.int32, "seed")
        encoded = [tf.TensorSpec([None], tf.string, name) for name in ("image_bytes", "mask_bytes")]

        # In closures: as an attribute, a Keras model is saved layer by layer beside the signatures, which takes
        # ten times as long. Its variables are what the signatures need.
        def signature(filler):
            def answer(image, mask, seed=None):
                outputs = _answer(filler, image, mask, seed)
                usual = filler.signature == "serving_default"
                return {"inpainted": outputs["inpainted"]} if usual else outputs

            return _function(answer, [image, mask, seed] if filler.draws else [image, mask])

        def from_bytes(image_bytes, mask_bytes):
            return _answer_bytes(self.endpoints["serving_default"], size, image_bytes, mask_bytes)

        self.endpoints = {filler.signature: signature(filler) for filler in fillers}
        self.endpoints["from_bytes"] = _function(from_bytes, encoded)
        self.weights = [resource(variable) for variable in fillers[0].network.variables]


def _function(function, input_signature):
    # A name that errors show: "cannot compute …<image,mask>… as input #0 was expected to be a uint8 tensor". Of
    # functions whose names it can parse, TensorFlow writes lines on the place above an error's message.
    function.__name__ = f"<{','.join(spec.name for spec in input_signature)}>"
    return tf.function(function, input_signature=input_signature)


def _answer(filler, image, mask, seed):
    """What the filler's `complete` returns, once all that was given is known to be what it takes."""
    size = filler.image_size
    inputs = {"image": image, "mask": mask} | ({} if seed is None else {"seed": seed})
    checks = [
        *_equally_many(inputs),
        _has_sides("image", image, [size, size, 3]),
        _has_sides("mask", mask, [size, size, 1]),
    ]
    with tf.control_dependencies(checks):
        image, mask = tf.identity(image), tf.identity(mask)
    largest = tf.reduce_max(mask, [1, 2, 3], keepdims=True)
    missing = tf.cast(mask >= tf.where(largest == 1, tf.constant(1, tf.uint8), HALF), tf.float32)
    checks = [_none_is_dark(mask, missing)]
    if filler.hole:
        checks.append(_refuse(filler.untrained(missing), filler.refusal))
    with tf.control_dependencies(checks):
        missing = tf.identity(missing)
    count = tf.shape(image)[0]
    seeds = tf.zeros([count], tf.int32) if seed is None else seed
    # On some processors TensorFlow's convolutions give an empty batch a wrong shape: it is made one of one.
    spare = tf.cast(count == 0, tf.int32)
    batch = [
        tf.pad(values, [[0, spare]] + [[0, 0]] * (len(values.shape) - 1)) for values in (image, missing, seeds)
    ]
    return {name: values[:count] for name, values in filler.complete(*batch).items()}


def _answer_bytes(answer, size, image_bytes, mask_bytes):
    def decoded(name, encoded, decode, channels):
        def one(encoded):
            picture = decode(encoded)
            with tf.control_dependencies([_has_sides(name, picture[None], [size, size, channels])]):
                return tf.ensure_shape(tf.identity(picture), [size, size, channels])

        return tf.map_fn(one, encoded, fn_output_signature=tf.TensorSpec([size, size, channels], tf.uint8))

    with tf.control_dependencies(_equally_many({"image": image_bytes, "mask": mask_bytes})):
        image_bytes, mask_bytes = tf.identity(image_bytes), tf.identity(mask_bytes)
    image = decoded("image", image_bytes, decode_picture, 3)
    mask = decoded("mask", mask_bytes, decode_mask, 1)
    missing = mask >= HALF
    with tf.control_dependencies([_none_is_dark(mask, missing)]):
        inpainted = answer(image, tf.cast(missing, tf.uint8))["inpainted"]
    encoded = tf.map_fn(tf.io.encode_png, inpainted, fn_output_signature=tf.TensorSpec([], tf.string))
    return {"inpainted_bytes": encoded}


def _assert(holds, *message):
    return tf.debugging.Assert(holds, [tf.strings.join(message)])


def _equally_many(inputs):
    """Assertions that there is one of each of the inputs, name -> [B, …], for each image."""

    def count(name):
        number = tf.shape(inputs[name])[0]
        return tf.strings.join([tf.as_string(number), f" {name}", tf.where(number == 1, "", "s")])

    def same(name):
        equal = tf.shape(inputs["image"])[0] == tf.shape(inputs[name])[0]
        return _assert(equal, count("image"), ", ", count(name), f": one {name} for each image")

    return [same(name) for name in inputs if name != "image"]


def _has_sides(name, batch, sides):
    """An assertion that all of a batch have these sides, whatever their rank."""
    wanted = "×".join(map(str, sides))
    found = tf.strings.reduce_join(tf.as_string(tf.shape(batch)[1:]), separator="×")
    return _assert(found == wanted, f"{name}: ", found, f", but this model takes {wanted}")


def _none_is_dark(mask, missing):
    dark = tf.reduce_any(mask > 0, [1, 2, 3]) & ~tf.reduce_any(tf.cast(missing, tf.bool), [1, 2, 3])
    return _refuse(dark, f"nothing is missing, though not all is 0: {HALF} and above, of 255, is missing")


def _refuse(masks, why):
    """An assertion that no mask is one of these, bool [B]. The message names the first of them, from 0 on."""
    first = tf.reduce_min(tf.where(masks))
    return _assert(~tf.reduce_any(masks), "mask ", tf.as_string(first), f": {why}")


def export(fillers, path):
    """Writes the SavedModel to the directory `path` (…/saved_model/1), beside first and then renamed.

    DiskError where it cannot.
    """
    path = Path(path)
    new, module = beside(path), Inpainter(fillers)
    try:
        with disk(path, (OSError, tf.errors.OpError)):
            path.parent.mkdir(parents=True, exist_ok=True)
            tf.saved_model.save(module, str(new), signatures=module.endpoints)
            replace_directory(new, path)
    finally:
        shutil.rmtree(new, ignore_errors=True)
