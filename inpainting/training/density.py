"""Training of a density model on its likelihood (sections 6 and 7.3)."""

from functools import partial

import tensorflow as tf

from inpainting import replicas
from inpainting.filling.completion import TURNS, complete, turned
from inpainting.losses.likelihood import bits, nats, per_image_nats
from inpainting.masks import hole_positions
from inpainting.pixels import as_pixels, to_float
from inpainting.training.trainer import Trainer


class DensityTrainer(Trainer):
    """Trains a density network, the generator here, on the softmax cross-entropy of sub-pixels.

    Three kinds of network differ in what a step looks at:

    - one that goes over whole images, pixels -> logits: all of their sub-pixels, cut into segments of
      `segment_rows` rows, each read from a fresh state (None: the whole image).
    - a local one, with `offsets`: `pixels_per_image` random pixels of each image.
    - a `conditional` one, which reads the whole context first: the hole pixels, each twice, given the earlier
      ones, and given the context alone.

    With four directions, either of the first two gets every image from a corner of its own.
    The loss is the mean over sub-pixels, in nats. Validation measures DENSITY_PER_IMAGE.
    """

    def __init__(self, *, pixels_per_image=128, segment_rows=None, **kwargs):
        super().__init__(**kwargs)
        self.pixels_per_image = pixels_per_image
        self.segment_rows = segment_rows
        self._complete = tf.function(partial(complete, self.ema_generator, mode="mean"), reduce_retracing=True)

    @property
    def TRACKED(self):
        return ("loss", self._bits_name, "generator_gradient_norm")

    @property
    def _bits_name(self):
        return "hole_bits_per_dim" if self.generator.conditional else "bits_per_dim"

    def __call__(self, inputs):
        """The averaged network's completion (mode mean) of [context, mask], [B, S, S, 3] in [-1, 1]."""
        context, mask = inputs
        return to_float(self._complete(as_pixels(context), mask)[0])

    def generator_step(self, batch):
        """One update of the network and of its average, on a batch of [B, S, S, C]."""
        with tf.GradientTape() as tape:
            values = self._nats(as_pixels(batch["image"]), batch["mask"])
            # A conditional network has as many values as the holes have: a replica may have more than another.
            share = tf.cast(tf.size(values), tf.float32)
            share /= replicas.mean(share)
            loss = share * tf.reduce_mean(values) + self.regularization()
        norm = self.update_generator(tape, loss)
        likelihood = share * tf.reduce_mean(values[0] if self.generator.conditional else values)
        self.track(loss=loss, generator_gradient_norm=norm, **{self._bits_name: bits(likelihood)})

    def test_step(self, batch):
        return per_image_nats(self.ema_generator, as_pixels(batch["image"]), batch["mask"])

    def _nats(self, pixels, mask):
        """The nats of the sub-pixels that this step looks at, […, 3].

        Of a conditional network [2, N, 3]: given what comes before, and given the context alone.
        """
        network = self.generator
        if network.directions == 4:
            pixels = self._from_random_corners(pixels)
        if network.conditional:
            where = hole_positions(mask)
            seen = {"description": network.describe(pixels, mask, training=True), "training": True}
            logits = [
                network.logits_at(pixels, where, **seen),
                network.marginal_logits_at(pixels, where, mask=mask, **seen),
            ]
            return tf.stack([nats(logits=given, pixels=tf.gather_nd(pixels, where)) for given in logits])
        if hasattr(network, "offsets"):
            where = self._random_pixels(tf.shape(pixels))
            logits = network.logits_at(pixels, where, training=True)
            return nats(logits=logits, pixels=tf.gather_nd(pixels, where))
        if self.segment_rows:
            pixels = tf.reshape(pixels, [-1, self.segment_rows, *pixels.shape[2:]])
        return nats(logits=network(pixels, training=True), pixels=pixels)

    def _random_pixels(self, shape):
        """int32 [B · pixels_per_image, 3]: image, row, column."""
        count = self.pixels_per_image
        drawn = [self._below(shape[axis], shape[0] * count, self.draws_seed(axis, 5)) for axis in (1, 2)]
        return tf.stack([tf.repeat(tf.range(shape[0]), count), *drawn], -1)

    def _from_random_corners(self, pixels):
        """Each image turned so that one of its corners, drawn for it, comes first."""
        views = tf.stack([turned(pixels, turns) for turns in TURNS])
        batch = tf.shape(pixels)[0]
        drawn = self._below(len(TURNS), batch, self.draws_seed(0, 6))
        return tf.gather_nd(views, tf.stack([drawn, tf.range(batch)], 1))

    @staticmethod
    def _below(limit, count, seed):
        """This replica's draws from 0 up to below `limit`, int32 [count]."""
        drawn = tf.random.stateless_uniform([count * replicas.count()], seed, 0, limit, tf.int32)
        return replicas.own_rows(drawn)
