"""Gaussian blur of a batch: TensorFlow Addons where it exists, Keras' own elsewhere, the same numbers."""

import warnings

import tensorflow as tf

try:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its notice that development has ended
        import tensorflow_addons as tfa
except ImportError:
    from tensorflow import keras

    def gaussian_blur(images, *, size, sigma):
        # Keras pads with zeros, which darkens the border: mirror first, blur, crop.
        margin = size // 2
        padded = tf.pad(images, [[0, 0], [margin, margin], [margin, margin], [0, 0]], "REFLECT")
        blurred = keras.ops.image.gaussian_blur(padded, (size, size), (sigma, sigma))
        return blurred[:, margin:-margin, margin:-margin]

else:

    def gaussian_blur(images, *, size, sigma):
        return tfa.image.gaussian_filter2d(images, (size, size), sigma, padding="REFLECT")


gaussian_blur.__doc__ = (
    """Blurs [B, H, W, C] with a size × size Gaussian (size odd) of `sigma` pixels, mirrored at the border."""
)
