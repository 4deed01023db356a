"""The SavedModel of fillers, in TensorFlow Serving's layout."""

import shutil
from pathlib import Path

import tensorflow as tf

from inpainting.files import beside, disk, place_directory
from inpainting.filling.encoded import decode_mask, decode_picture
from inpainting.filling.filler import ANY
from inpainting.filling.photo_masks import HALF
from inpainting.variables import resource


class Inpainter(tf.Module):
    """The signatures around the fillers of one network. H and W are the sides that it takes, or any.

    serving_default: image uint8 [B, H, W, 3] and mask uint8 [B, H, W, 1] -> inpainted uint8 [B, H, W, 3], every
    known pixel as it came. The mask: see `missing_pixels`.
    from_bytes: image_bytes and mask_bytes, encoded pictures [B] -> inpainted_bytes, PNG [B]. 128 and above, of
    a mask as `decode_mask` reads it, is missing. Where any sides are taken, each picture may have its own.

    A density model's serving_default fills in mode mean. It has two more: greedy, with the same inputs, and
    sample, with seed int32 [B] too; beside `inpainted` they return log_likelihood, nats [B].

    Refused, with an InvalidArgumentError whose first line says why: numbers and sizes that do not fit, a mask
    that is dark all over but not 0, and a hole that the network was not trained to fill.
    """

    def __init__(self, fillers):
        super().__init__(name="inpainter")
        sides = fillers[0].sides
        image = tf.TensorSpec([None, *sides, 3], tf.uint8, "image")
        mask = tf.TensorSpec([None, *sides, 1], tf.uint8, "mask")
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
            answer = self.endpoints["serving_default"]
            return {"inpainted_bytes": _answer_files(answer, sides, image_bytes, mask_bytes)}

        self.endpoints = {filler.signature: signature(filler) for filler in fillers}
        self.endpoints["from_bytes"] = _function(from_bytes, encoded)
        self.weights = [resource(variable) for variable in fillers[0].network.variables]


def missing_pixels(mask):
    """float32 [B, H, W, 1], 1 = missing, of masks in integers.

    One whose largest value is 1 has 1 = missing, any other 128 and above.
    """
    largest = tf.reduce_max(mask, [1, 2, 3], keepdims=True)
    return tf.cast(mask >= tf.cast(tf.where(largest == 1, 1, HALF), mask.dtype), tf.float32)


def _function(function, input_signature):
    # A name that errors show: "cannot compute …<image,mask>… as input #0 was expected to be a uint8 tensor". Of
    # functions whose names it can parse, TensorFlow writes lines on the place above an error's message.
    function.__name__ = f"<{','.join(spec.name for spec in input_signature)}>"
    return tf.function(function, input_signature=input_signature)


def _answer(filler, image, mask, seed):
    """What the filler's `complete` returns, once all that was given is known to be what it takes."""
    inputs = {"image": image, "mask": mask} | ({} if seed is None else {"seed": seed})
    checks = [
        *_equally_many(inputs),
        _has_sides("image", image, [*filler.sides, 3]),
        _has_sides("mask", mask, [*filler.sides, 1]),
    ]
    with tf.control_dependencies(checks), tf.control_dependencies([_has_sides_of(image, mask)]):
        image, mask = tf.identity(image), tf.identity(mask)
    missing = missing_pixels(mask)
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


def _answer_files(answer, sides, image_bytes, mask_bytes):
    """PNGs, string [B]."""
    with tf.control_dependencies(_equally_many({"image": image_bytes, "mask": mask_bytes})):
        files = tf.identity(image_bytes), tf.identity(mask_bytes)
    if sides != ANY:
        return _answer_batch(answer, sides, *files, first=0)

    def one(inputs):
        image, mask, index = inputs
        return _answer_batch(answer, sides, image[None], mask[None], first=index)[0]

    # One after the other: pictures of several sizes make no batch, and a large one may need all memory.
    inputs = (*files, tf.range(tf.size(image_bytes)))
    return tf.map_fn(one, inputs, fn_output_signature=tf.TensorSpec([], tf.string), parallel_iterations=1)


def _answer_batch(answer, sides, image_bytes, mask_bytes, *, first):
    """PNGs, string [B], of files of equal sides; first: the number of the first one in errors."""

    def decoded(name, encoded, decode, channels):
        def one(encoded):
            picture = decode(encoded)
            with tf.control_dependencies([_has_sides(name, picture[None], [*sides, channels])]):
                return tf.ensure_shape(tf.identity(picture), [*sides, channels])

        return tf.map_fn(one, encoded, fn_output_signature=tf.TensorSpec([*sides, channels], tf.uint8))

    image = decoded("image", image_bytes, decode_picture, 3)
    mask = decoded("mask", mask_bytes, decode_mask, 1)
    missing = mask >= HALF
    with tf.control_dependencies([_none_is_dark(mask, missing, first)]):
        inpainted = answer(image, tf.cast(missing, tf.uint8))["inpainted"]
    return tf.map_fn(tf.io.encode_png, inpainted, fn_output_signature=tf.TensorSpec([], tf.string))


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
    """An assertion that all of a batch have these sides, None of any, whatever their rank."""
    pattern = "×".join(str(side or r"[1-9]\d*") for side in sides)
    wanted = "×".join(str(side or letter) for side, letter in zip(sides, "HWC", strict=True))
    found = _sides(batch)
    fits = tf.strings.regex_full_match(found, pattern)
    return _assert(fits, f"{name}: ", found, f", but this model takes {wanted}")


def _has_sides_of(image, mask):
    """An assertion that masks, which have one channel, are as high and wide as their images."""
    sides, wanted = _sides(mask), _sides(image)
    fits = sides == tf.strings.regex_replace(wanted, "3$", "1")
    return _assert(fits, "mask: ", sides, ", but its image is ", wanted)


def _sides(batch):
    """Those of each of a batch, as a text such as 32×32×3."""
    return tf.strings.reduce_join(tf.as_string(tf.shape(batch)[1:]), separator="×")


def _none_is_dark(mask, missing, first=0):
    dark = tf.reduce_any(mask > 0, [1, 2, 3]) & ~tf.reduce_any(tf.cast(missing, tf.bool), [1, 2, 3])
    why = f"nothing is missing, though not all is 0: {HALF} and above, of 255, is missing"
    return _refuse(dark, why, first)


def _refuse(masks, why, first=0):
    """An assertion that no mask is one of these, bool [B]. The message names one; the first has that number."""
    index = tf.cast(first, tf.int64) + tf.reduce_min(tf.where(masks))
    return _assert(~tf.reduce_any(masks), "mask ", tf.as_string(index), f": {why}")


def export(fillers, folder):
    """Writes the SavedModel to folder/N, beside first and then renamed. Returns its path.

    N is one more than the highest number in the folder: what is there stays. DiskError where it cannot.
    """
    folder, module = Path(folder), Inpainter(fillers)
    with disk(folder, (OSError, tf.errors.OpError)):
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / str(1 + max((int(p.name) for p in folder.iterdir() if p.name.isdecimal()), default=0))
        new = beside(path)
        try:
            tf.saved_model.save(module, str(new), signatures=module.endpoints)
            place_directory(new, path)
        finally:
            shutil.rmtree(new, ignore_errors=True)
    return path
