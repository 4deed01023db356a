"""The paper's Pixel CNN (section 6.2, figure 7): a pixel from the 24 of a 5×5 zone above and left of it.

The pixel itself is the last of the 25; none to its right is seen, in no row. A convolution over the whole zone,
then convolutions of size 1 with Leaky ReLU and dropout, then a softmax of 256 levels a colour:

    zone 24 · (3 values + inside the image) | units × layers |
        R: 256    G: units (+ R), 256    B: units (+ R, G), 256

All look at one zone alone, so the network is a classifier of zones [N, 24, 4], trained on random pixels of many
images, and slid over an image when all of it is wanted. `context` is the side of the zone, 5; 7 or 9 for larger
images.

directions=4, beyond the paper: the same network is trained on images turned so that any of their corners comes
first, and completion combines its four readings of the hole (inpainting/filling/completion.py).
"""

import numpy as np
import tensorflow as tf
from tensorflow import keras

from inpainting.pixels import COLOURS, LEVELS, to_float
from models.blocks import Dropout, LeakyReLU
from models.masked_conv import check_directions


def zone_offsets(context):
    """Row and column of each pixel of the zone relative to the predicted one, [context² − 1, 2]."""
    side = np.arange(1 - context, 1)
    return np.stack(np.meshgrid(side, side, indexing="ij"), -1).reshape(-1, 2)[:-1]


class PixelCNN(keras.Model):
    """int pixels 0…255 [B, H, W, 3] -> logits [B, H, W, 3, 256] of each sub-pixel given those before it.

    offsets: the zone's pixels, [n, 2], all before the predicted one in raster order. features: how many more
    inputs a pixel has, of `describe`; 0 for none. directions: corners from which it reads an image, 1 or 4.
    """

    conditional = False  # predicts every pixel, whatever is missing

    def __init__(self, *, offsets, units, layers, dropout, features=0, directions=1, **kwargs):
        super().__init__(**kwargs)
        check_directions(directions)
        self.directions = directions
        self.offsets = np.asarray(offsets)
        self.margin = int(np.abs(self.offsets).max())
        self.trunk = _trunk(len(self.offsets) * (COLOURS + 1) + features, units, layers, dropout)
        self.heads = [Head(colour, units, name=f"head_{name}") for colour, name in enumerate("rgb")]

    def call(self, pixels, training=False):
        return self.logits_everywhere(pixels, training=training)

    def describe(self, pixels, mask, training=False):
        """What the network reads of the whole context: this one nothing."""
        return None

    def logits_everywhere(self, pixels, **seen):
        """Logits [B, H, W, 3, 256] of all pixels. seen: of `hidden_at`."""
        shape = tf.shape(pixels)
        where = tf.cast(tf.where(tf.ones(shape[:3], tf.bool)), tf.int32)
        return tf.reshape(self.logits_at(pixels, where, **seen), tf.concat([shape, [LEVELS]], 0))

    def logits_at(self, pixels, where, *, training=False, **seen):
        """Logits [N, 3, 256] of the pixels `where`, int32 [N, 3] of image, row and column."""
        hidden = self.hidden_at(pixels, where, training=training, **seen)
        values = tf.gather_nd(pixels, where)
        return tf.stack([self.head(colour, hidden, values) for colour in range(COLOURS)], 1)

    def hidden_at(self, pixels, where, *, visible=None, description=None, training=False):
        """What the network makes of the zones, [N, units]: it does not look at the pixels `where` themselves.

        visible: [B, H, W, 1], 1 where a pixel may be looked at; by default all. description: of `describe`.
        """
        # Deviation: beside the colours, whether a pixel may be looked at: 0 for those outside the image.
        known = tf.ones_like(pixels[..., :1]) if visible is None else visible
        known = tf.cast(known, tf.float32)
        margins = [[0, 0], [self.margin, self.margin], [self.margin, self.margin], [0, 0]]
        padded = tf.pad(tf.concat([to_float(pixels) * known, known], -1), margins)
        offsets = np.pad(self.offsets + self.margin, [[0, 0], [1, 0]])
        zones = tf.gather_nd(padded, where[:, None] + tf.constant(offsets, where.dtype))
        inputs = tf.reshape(zones, [-1, len(self.offsets) * (COLOURS + 1)])
        if description is not None:
            described = tf.gather_nd(description, where)
            inputs = tf.concat([tf.cast(inputs, described.dtype), described], -1)
        return self.trunk(inputs, training=training)

    def head(self, colour, hidden, values=None):
        """Logits [N, 256] of a colour of pixels whose earlier colours are in `values`, int [N, 3], if given."""
        return self.heads[colour](hidden, None if values is None else values[:, :colour])


def _trunk(inputs, units, layers, dropout):
    zone = x = keras.Input((inputs,), name="zone")
    for index in range(1, layers + 1):
        x = keras.layers.Dense(units, kernel_initializer="he_normal", name=f"conv{index}")(x)
        x = LeakyReLU(name=f"conv{index}_leaky_relu")(x)
        if dropout:
            x = Dropout(dropout, name=f"conv{index}_dropout")(x)
    return keras.Model(zone, x, name="trunk")


@keras.utils.register_keras_serializable("inpainting")
class Head(keras.layers.Layer):
    """One colour's softmax layer: features [N, units] and earlier colours int [N, colour] -> logits [N, 256].

    The earlier colours come one-hot: a look-up in a table of 256 rows each. None: they are not known.
    """

    def __init__(self, colour, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        if colour:
            self.own = keras.layers.Dense(units, kernel_initializer="he_normal", name="own")
            self.leaky_relu = LeakyReLU(name="leaky_relu")
        self.tables = [keras.layers.Embedding(LEVELS, units, name=f"table{index}") for index in range(colour)]
        self.levels = keras.layers.Dense(LEVELS, dtype="float32", name="levels")
        self(tf.zeros([1, units]), tf.zeros([1, colour], tf.int32))  # makes the weights

    def call(self, hidden, earlier=None):
        if self.tables:
            hidden = self.own(hidden)
            if earlier is not None:
                found = [table(earlier[:, index]) for index, table in enumerate(self.tables)]
                hidden = tf.add_n([hidden, *found])
            hidden = self.leaky_relu(hidden)
        return self.levels(hidden)

    def get_config(self):
        return {**super().get_config(), "colour": len(self.tables), "units": self.units}


def pixel_cnn(*, context=5, units=256, layers=3, dropout=0.5, directions=1):
    """The network of PixelCNN over the paper's zone of context × context pixels."""
    return PixelCNN(
        offsets=zone_offsets(context),
        units=units,
        layers=layers,
        dropout=dropout,
        directions=directions,
        name="pixel_cnn",
    )
