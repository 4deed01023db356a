"""Encoded pictures and masks, decoded in a graph: a SavedModel has neither Pillow nor this project."""

import tensorflow as tf

from inpainting.filling.photo_masks import HALF

# `\C` is any byte: to `.` a picture would be text. PNGs of colour type 4 or 6 or with a transparency chunk; of
# colour type 0. BMPs of 24 bits.
_TRANSPARENT = r"(?s)\CPNG\C{21}[\x04\x06]\C*|\C*tRNS\C*"
_GREY = r"(?s)\CPNG\C{21}\x00\C*"
_BMP = r"(?s)BM\C{26}\x18\C*"
# The orientation, a byte of 1 to 8, in the first directory of an EXIF block, big or little endian.
_ORIENTATION = (
    r"(?s)^\C*?(?:Exif\x00\x00|eXIf)(?:"
    r"MM\x00\*\x00\x00\x00\x08\C\C(?:\C{12})*?\x01\x12\x00\x03\x00\x00\x00\x01\x00([\x01-\x08])|"
    r"II\*\x00\x08\x00\x00\x00\C\C(?:\C{12})*?\x12\x01\x03\x00\x01\x00\x00\x00([\x01-\x08])\x00)\C*$"
)


def decode_picture(encoded):
    """uint8 [H, W, 3] of a PNG, a JPEG or a BMP of 24 bits: upright, what is transparent laid on white."""
    rgba = _upright(_rgba(encoded), encoded)
    colour, alpha = rgba[..., :3], rgba[..., 3:]
    return tf.cast((colour * alpha + 255 * (255 - alpha) + 127) // 255, tf.uint8)


def decode_mask(encoded):
    """uint8 [H, W, 1] of an encoded mask, 255 = missing, 0 = known; what is between is for the caller to judge.

    It is the picture's grey, on black where it is transparent. What is painted in a single colour on a
    transparent ground is the hole whatever the colour: then it is the alpha.
    """
    rgba = _upright(_rgba(encoded), encoded)
    grey = (tf.reduce_sum(rgba[..., :3] * [299, 587, 114], -1, keepdims=True) + 500) // 1000
    alpha = rgba[..., 3:]
    opaque = alpha >= HALF
    painted = tf.boolean_mask(grey, opaque)
    one_colour = tf.reduce_max(painted) == tf.reduce_min(painted)
    on_transparent = ~tf.reduce_all(opaque)
    return tf.cast(tf.where(one_colour & on_transparent, alpha, (grey * alpha + 127) // 255), tf.uint8)


def _rgba(encoded):
    """int32 [H, W, 4], 0…255, of any file. 16-bit grey is scaled; of 16-bit colours, as in Pillow, 8 bits."""

    def png(channels):
        wide = tf.io.decode_png(encoded, channels=channels, dtype=tf.uint16)
        wide = tf.cast(wide, tf.int32)
        return tf.where(tf.strings.regex_full_match(encoded, _GREY), (wide + 128) // 257, wide // 256)

    def jpeg():  # by Pillow's transform
        return tf.cast(tf.io.decode_jpeg(encoded, channels=3, dct_method="INTEGER_ACCURATE"), tf.int32)

    def bmp():  # of another, TensorFlow's decoder takes the palette's indices for colours
        known = tf.strings.regex_full_match(encoded, _BMP)
        with tf.control_dependencies([tf.debugging.Assert(known, ["neither PNG, JPEG nor a BMP of 24 bits"])]):
            return tf.cast(tf.io.decode_bmp(tf.identity(encoded), channels=3), tf.int32)

    def opaque(decode):
        return lambda: tf.pad(decode(), [[0, 0], [0, 0], [0, 1]], constant_values=255)

    # Asked for an alpha that is not there, TensorFlow's decoder makes up a wrong one at 1, 2 and 4 bits.
    transparent = tf.strings.regex_full_match(encoded, _TRANSPARENT)
    is_png = tf.strings.substr(encoded, 0, 4) == b"\x89PNG"
    kinds = [
        (is_png & transparent, lambda: png(4)),
        (is_png, opaque(lambda: png(3))),
        (tf.io.is_jpeg(encoded), opaque(jpeg)),
    ]
    return tf.case(kinds, default=opaque(bmp))


def _upright(picture, encoded):
    """Turned as its EXIF orientation says: transposed or not, then mirrored or not along each axis."""
    found = tf.strings.regex_replace(tf.strings.substr(encoded, 0, 2**16), _ORIENTATION, r"\1\2")
    known = tf.strings.length(found) == 1
    orientation = tf.cast(tf.io.decode_raw(tf.where(known, found, b"\x01"), tf.uint8)[0], tf.int32)
    order = tf.where(orientation >= 5, [1, 0, 2], [0, 1, 2])
    upside_down = tf.reduce_any(orientation == [3, 4, 7, 8])
    mirrored = tf.reduce_any(orientation == [2, 3, 6, 7])
    axes = tf.boolean_mask([0, 1], [upside_down, mirrored])
    return tf.reverse(tf.transpose(picture, order), axes)
