"""Fillers made of networks: a trained one, a density model in each of its modes. See filler.py."""

from functools import partial

import numpy as np
import tensorflow as tf

from inpainting import checkpoints
from inpainting.config.data import DRAWN
from inpainting.errors import InputError
from inpainting.filling.classical import CLASSICAL
from inpainting.filling.completion import MODES, complete
from inpainting.filling.filler import Blend, ClassicalFiller, Filler
from inpainting.losses.likelihood import per_image_nats
from inpainting.masks import center_masks, fill_hole, hole_span
from inpainting.pixels import to_float, to_uint8
from inpainting.pretrained import average
from inpainting.variables import weights_of
from models import build_generator, trainable_parameters


class NetworkFiller(Filler):
    """A network [context, mask] -> prediction. data: of its Config; hole: Config.only_hole.

    It takes pictures of any size where the network does and fills any hole. reach: see Filler; None: the usual
    one. mirrored: the mean of two predictions is taken, of the picture and of its mirror image: less error,
    twice the time. signature: the name under which an exported model offers it.
    """

    signature = "serving_default"

    def __init__(self, name, network, *, data, hole, reach=None, mirrored=False):
        super().__init__(name, trainable_parameters(network))
        self.network = network
        self.mirrored = mirrored
        self.image_size = data.image_size
        self.fill = data.fill
        self.hole = hole
        self.reach = reach or Filler.reach
        self.sides = self._sides()
        sides = [None, *self.sides]
        signature = [
            tf.TensorSpec([*sides, 3], tf.uint8),
            tf.TensorSpec([*sides, 1]),
            tf.TensorSpec([None], tf.int32),
        ]
        self._complete = tf.function(self.complete, input_signature=signature)

    def _sides(self):
        return (self.image_size,) * 2 if self.hole else tuple(self.network.inputs[0].shape[1:3])

    def __call__(self, pictures, masks, *, seed=0):
        """Raises InputError for a hole that the network was not trained to fill."""
        masks = np.asarray(masks, np.float32)[..., None]
        if tf.reduce_any(self.untrained(masks)):
            raise InputError(f"{self.name}: {self.refusal}")
        seeds = seed + tf.range(len(pictures))
        return self._complete(tf.constant(pictures), tf.constant(masks), seeds)["inpainted"].numpy()

    def untrained(self, missing):
        """bool [B]: which masks, float32 [B, S, S, 1], have a hole that the network was not trained to fill."""
        if not self.hole:
            return tf.zeros([tf.shape(missing)[0]], tf.bool)
        trained = center_masks(1, image_size=self.image_size, hole=self.hole)
        other, some = missing != trained, missing > 0
        return tf.reduce_any(other, [1, 2, 3]) & tf.reduce_any(some, [1, 2, 3])

    @property
    def refusal(self):
        """What is said of such a hole."""
        start, stop = hole_span(self.image_size, self.hole)
        return (
            f"this run fills the centred {self.hole}×{self.hole} hole alone, rows and columns {start} to "
            f"{stop - 1}: train it with --set mask=rectangle for others"
        )

    def complete(self, pictures, missing, seeds):
        """In a graph: `inpainted` from uint8 or int32 [B, H, W, 3], float32 [B, H, W, 1] and int32 [B].

        A density model adds `log_likelihood`, nats [B], of what was filled in.
        """
        filled, more = self._fill(pictures, missing, seeds)
        return {"inpainted": tf.where(missing > 0, tf.cast(filled, pictures.dtype), pictures), **more}

    def _fill(self, pictures, missing, seeds):
        inputs = [self._context(pictures, missing), missing]
        prediction = self.network(inputs, training=False)
        if self.mirrored:
            other = self.network([tf.reverse(x, axis=[2]) for x in inputs], training=False)
            prediction = (prediction + tf.reverse(other, axis=[2])) / 2
        return to_uint8(prediction), {}

    def _context(self, pictures, missing):
        if self.fill not in DRAWN:
            return fill_hole(to_float(pictures), missing, fill=self.fill, seed=[0, 0])

        def filled(inputs):  # with noise that follows from what is known of the picture, not from its place
            picture, mask = inputs
            known = tf.io.serialize_tensor(tf.where(mask > 0, tf.zeros_like(picture), picture))
            seed = tf.stack([tf.strings.to_hash_bucket_fast(known, 2**31 - 1), 0])
            return fill_hole(to_float(picture)[None], mask[None], fill=self.fill, seed=seed)[0]

        images = tf.TensorSpec(pictures.shape[1:])
        return tf.map_fn(filled, (pictures, missing), fn_output_signature=images)


class DensityFiller(NetworkFiller):
    """A density model in one of the MODES of inpainting/filling/completion.py."""

    def __init__(self, name, network, *, mode, **options):
        super().__init__(name, network, **options)
        self.mode = mode
        self.signature = "serving_default" if mode == "mean" else mode
        self.draws = mode == "sample"
        self._nats = tf.function(partial(per_image_nats, network), reduce_retracing=True)

    def _sides(self):  # pixel by pixel, of pictures as it was trained on
        return self.image_size, self.image_size

    def likelihood(self, pixels, mask):
        """The values of losses.likelihood.per_image_nats for int32 pixels and float masks [B, H, W, 1]."""
        return self._nats(pixels, mask)

    def _fill(self, pictures, missing, seeds):
        pixels = tf.cast(pictures, tf.int32)
        completed, likelihood = complete(self.network, pixels, missing, mode=self.mode, seed=seeds)
        return tf.cast(completed, tf.uint8), {"log_likelihood": likelihood}


def classical_fillers():
    """The classical methods, which need no training."""
    return [ClassicalFiller(name, method) for name, method in CLASSICAL.items()]


def blends(start, faithful, sharp, realisms):
    """The Blends of two Fillers, one for each realism. start: what the first is called, in their names."""
    return [Blend(f"realism {realism:g} from {start}", faithful, sharp, realism) for realism in realisms]


def network_fillers(config, network, *, mirrored=False):
    """What a network trained as `config` says can fill holes as, the usual way first.

    mirrored: also as the mean over mirror images, where it predicts all of a hole at once.
    """
    options = {"data": config.data, "hole": config.only_hole, "reach": config.data.reach}
    if config.method.family != "density":
        fillers = [NetworkFiller(config.model, network, **options)]
        if mirrored:
            fillers.append(NetworkFiller(f"{config.model} mirrored", network, **options, mirrored=True))
        return fillers
    names = {mode: config.model if mode == "mean" else f"{config.model} {mode}" for mode in MODES}
    return [DensityFiller(name, network, mode=mode, **options) for mode, name in names.items()]


def load_fillers(workdir, *, mirrored=False):
    """The `network_fillers` of a run or of published weights, in float32, and the progress of the run.

    What `pretrained.average` says of which weights, and of errors, holds.
    """
    config = workdir.read_config()
    weights, progress, path = average(workdir)
    network = build_generator(config)
    checkpoints.restore({"weights": weights}, {"weights": weights_of(network)}, path)
    return network_fillers(config, network, mirrored=mirrored), progress
