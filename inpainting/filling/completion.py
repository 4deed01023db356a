"""Fills holes with a density model: pixel by pixel in raster order, R then G then B (section 6.1).

The network is not run anew over the whole image for each sub-pixel:

- a local network (`offsets`: models/pixel_cnn.py) looks at the zones of the pixels alone. Pixels whose zones
  hold none of each other are computed together: with a zone that reaches h columns to the right of its pixel,
  row r and column c belong to the wavefront c + (h + 1) r. An 8×8 hole and a zone without a right side (h =
  0) take 15 wavefronts in place of 64 pixels.
- a recurrent network (`begin` and `pixel`: models/pixel_rnn.py, models/flattened_row_lstm.py) keeps its
  states: the rows above the hole are read once, then one pixel after the other, the known ones of the hole's
  rows included.

A network of four `directions` reads the image from each of its corners, each time turned by another quarter, so
that it comes from the left, from the top, from the right and from below; the four readings are multiplied.

Modes: "greedy" takes the most likely value (the paper's), "sample" draws one, "mean" takes the expected value,
rounded: given the pixels before, themselves at their means. A network that describes the whole context needs
none of those: in mode mean it gives all sub-pixels of the hole at once, each given the context alone.

Pixels are int32 0…255 [B, H, W, 3], masks [B, H, W, 1], 1 = missing; of any shape, each image its own.
"""

from functools import partial

import numpy as np
import tensorflow as tf

from inpainting.masks import hole_positions
from inpainting.pixels import COLOURS, LEVELS

MODES = ("mean", "greedy", "sample")
TURNS = range(4)  # quarters by which `turned` turns an image so that each of its corners comes first
RECENT = 12  # pixels of its row that a recurrent reading's weight depends on
FADING = 1 / 3  # what a known pixel counts in a weight, once more for each row or column away


def complete(network, pixels, mask, *, mode, temperature=1.0, seed=0):
    """The completed pixels, int32 [B, H, W, 3], and the log-likelihood of what was filled in, nats [B].

    temperature: logits are divided by it before a sample is drawn. seed: an integer for each image, [B], on
    which its draws depend alone; a single one stands for seed, seed + 1, … The log-likelihood is the sum over
    the values chosen, at temperature 1, of what each was chosen from; where all are given the context alone, it
    is not that of the hole as a whole. What `pixels` holds inside the hole is not looked at. Raises ValueError
    for another mode, or a temperature that is not more than 0.
    """
    if mode not in MODES:
        raise ValueError(f"mode is one of {', '.join(MODES)}. Received: {mode!r}")
    if temperature <= 0:
        raise ValueError(f"temperature must be more than 0: use mode greedy. Received: {temperature}")
    mask = tf.convert_to_tensor(mask)
    pixels = tf.where(mask > 0, 0, pixels)
    uniform = draws(pixels, seed) if mode == "sample" else None

    choose = partial(choose_values, mode=mode, temperature=temperature, uniform=uniform)
    if network.conditional and mode == "mean":
        return _fill_at_once(network, pixels, mask, choose)
    if network.directions == 4:
        return _fill_from_four_corners(network, pixels, mask, choose)
    if hasattr(network, "offsets"):
        return _fill_in_wavefronts(network, pixels, mask, choose)
    return _read(network, pixels, mask, choose)[:2]


def draws(pixels, seed):
    """A draw in [0, 1) for every sub-pixel."""
    seed = tf.convert_to_tensor(seed, tf.int32)
    if seed.shape.rank == 0:
        seed += tf.range(tf.shape(pixels)[0])
    draw = partial(tf.random.stateless_uniform, pixels.shape[1:])
    uniform = tf.TensorSpec(pixels.shape[1:])
    return tf.map_fn(lambda seed: draw(tf.stack([seed, 0])), seed, fn_output_signature=uniform)


def choose_values(logits, where, colour, *, mode, temperature=1.0, uniform=None):
    """Values and their log-probabilities, [N] each, from logits [N, 256] of a colour of the pixels `where`."""
    likelihoods = tf.nn.log_softmax(logits)
    if mode == "greedy":
        values = tf.argmax(logits, axis=-1, output_type=tf.int32)
    elif mode == "mean":
        levels = tf.range(LEVELS, dtype=tf.float32)
        values = tf.cast(tf.round(tf.linalg.matvec(tf.exp(likelihoods), levels)), tf.int32)
    else:
        below = tf.cumsum(tf.nn.softmax(logits / temperature), axis=-1)
        # Of the sum as it is: in float32 it may end below 1, and no draw may fall behind it.
        drawn = tf.gather_nd(uniform[..., colour], where)[:, None] * below[:, -1:]
        values = tf.reduce_sum(tf.cast(below <= drawn, tf.int32), -1)
    return values, tf.gather(likelihoods, values, batch_dims=1)


def turned(maps, turns):
    """Maps [B, H, W, …] turned counter-clockwise by so many quarters."""
    # `tf.image.rot90` decides in the graph, and so forgets the sides of an image that is not square.
    others = range(3, len(maps.shape))
    for _ in range(turns % 4):
        maps = tf.transpose(tf.reverse(maps, [2]), [0, 2, 1, *others])
    return maps


def _fill_pixels(logits_of, where, pixels, likelihood, choose):
    """Fills the pixels `where` colour by colour.

    logits_of(colour, values=…): logits [N, 256], given the earlier colours in values, int [N, 3].
    """
    values = tf.zeros([tf.shape(where)[0], COLOURS], tf.int32)
    for colour in range(COLOURS):
        chosen, log_p = choose(logits_of(colour, values=values), where, colour)
        values = tf.where(tf.range(COLOURS) == colour, chosen[:, None], values)
        likelihood = tf.tensor_scatter_nd_add(likelihood, where[:, :1], log_p)
    return tf.tensor_scatter_nd_update(pixels, where, values), likelihood


def _fill_at_once(network, pixels, mask, choose):
    where = hole_positions(mask)
    description = network.describe(pixels, mask)
    logits = network.marginal_logits_at(pixels, where, mask=mask, description=description)

    def logits_of(colour, values):
        return logits[:, colour]

    return _fill_pixels(logits_of, where, pixels, tf.zeros([tf.shape(pixels)[0]]), choose)


def _fill_in_wavefronts(network, pixels, mask, choose, *, weights=(), others=()):
    """Fills by a local network. weights, others: of readings whose predictions are multiplied.

    weights: [B, H, W] each, the first of this reading. others: of each other one by how many quarters it has
    turned the pixels and its own completion of them.
    """
    missing = mask[..., 0] > 0
    right = max(int(network.offsets[:, 1].max()), 0)
    rows, columns = tf.range(pixels.shape[1]), tf.range(pixels.shape[2])
    fronts = columns[None] + (right + 1) * rows[:, None]
    visits = tf.sort(tf.unique(tf.boolean_mask(tf.broadcast_to(fronts, tf.shape(missing)), missing)).y)
    description = network.describe(pixels, mask)

    def fill(visit, pixels, likelihood):
        where = tf.cast(tf.where(missing & (fronts == visits[visit])), tf.int32)
        hiddens = [network.hidden_at(pixels, where, description=description)]
        for turns, completed in others:  # of networks that describe nothing: they alone have four directions
            hiddens.append(network.hidden_at(completed, _turned_places(where, turns, pixels.shape)))
        here = [tf.gather_nd(weight, where)[:, None] for weight in weights]

        def logits_of(colour, values):
            if not others:
                return network.head(colour, hiddens[0], values)
            predictions = [tf.nn.log_softmax(network.head(colour, hidden, values)) for hidden in hiddens]
            return tf.add_n([weight * log_p for weight, log_p in zip(here, predictions, strict=True)])

        return visit + 1, *_fill_pixels(logits_of, where, pixels, likelihood, choose)

    start = (0, pixels, tf.zeros([tf.shape(pixels)[0]]))
    _, pixels, likelihood = tf.while_loop(lambda visit, *_: visit < tf.size(visits), fill, start)
    return pixels, likelihood


def _turned_places(where, turns, shape):
    """The places [N, 3] as they are once maps [B, H, W, …] are turned by so many quarters."""
    image, row, column = tf.unstack(where, 3, axis=1)
    _, height, width, *_ = shape
    for _ in range(turns):
        row, column, height, width = width - 1 - column, row, width, height
    return tf.stack([image, row, column], 1)


def _read(network, pixels, mask, choose, *, weights=(), others=(), keep=False):
    """Fills by a recurrent network. Returns pixels, log-likelihood and, with `keep`, its states.

    That is the state before each of the P places, in raster order, that are missing in an image of the batch:
    every part [P, B, …]. weights, others: of readings whose predictions are multiplied; weights [P, B] each,
    the first of this reading, and the states of each other one.
    """
    missing = mask[..., 0] > 0
    width = pixels.shape[2]
    batch = tf.range(tf.shape(pixels)[0])
    holes = _visited_places(missing)
    slots = tf.cumsum(tf.cast(tf.reshape(tf.reduce_any(missing, 0), [-1]), tf.int32), exclusive=True)
    first = tf.minimum(tf.reduce_min(holes) // width, pixels.shape[1])  # of no hole at all, the last row
    cache = network.begin(pixels, first)
    kept = []
    if keep:
        kept = tf.nest.map_structure(
            lambda part: tf.zeros(tf.concat([[tf.size(holes)], tf.shape(part)], 0), part.dtype), cache
        )

    def log_probabilities(pixels, place, cache):
        """What the reading, or the product of the experts, says of the place's sub-pixels, [B, 3, 256]."""

        def say(state):
            return tf.nn.log_softmax(network.pixel(pixels, place // width, place % width, state)[0])

        if not others:
            return say(cache)
        slot = slots[place]
        states = [cache, *(tf.nest.map_structure(lambda part: part[slot], kept) for kept in others)]
        here = [weight[slot][:, None, None] for weight in weights]
        return tf.add_n([weight * say(state) for weight, state in zip(here, states, strict=True)])

    def fill(place, pixels, likelihood, cache):
        row, column = place // width, place % width
        here = missing[:, row, column]
        where = tf.stack([batch, tf.fill(tf.shape(batch), row), tf.fill(tf.shape(batch), column)], -1)

        def fill_colour(colour, pixels, likelihood):
            logits = log_probabilities(pixels, place, cache)[:, colour]
            chosen, log_p = choose(logits, where, colour)
            values = tf.gather_nd(pixels, where)
            values = tf.where(here[:, None] & (tf.range(COLOURS) == colour), chosen[:, None], values)
            likelihood += tf.where(here, log_p, 0.0)
            return colour + 1, tf.tensor_scatter_nd_update(pixels, where, values), likelihood

        start = (0, pixels, likelihood)
        return tf.while_loop(lambda colour, *_: colour < COLOURS, fill_colour, start)[1:]

    def visit(place, pixels, likelihood, cache, kept):
        in_hole = tf.reduce_any(missing[:, place // width, place % width])
        pixels, likelihood = tf.cond(
            in_hole, lambda: fill(place, pixels, likelihood, cache), lambda: (pixels, likelihood)
        )
        if keep:
            # At a known place, the slot of the next hole's: overwritten when it comes.
            slot = tf.minimum(slots[place], tf.size(holes) - 1)
            kept = tf.nest.map_structure(
                lambda parts, part: tf.tensor_scatter_nd_update(parts, [[slot]], part[None]), kept, cache
            )
        _, cache = network.pixel(pixels, place // width, place % width, cache)
        return place + 1, pixels, likelihood, cache, kept

    start = (first * width, pixels, tf.zeros([tf.shape(pixels)[0]]), cache, kept)
    last = tf.reduce_max(holes)
    _, pixels, likelihood, _, kept = tf.while_loop(lambda place, *_: place <= last, visit, start)
    return pixels, likelihood, kept


def _visited_places(missing):
    """Places (row · W + column) that are missing in an image of the batch, in raster order, int32 [P]."""
    return tf.cast(tf.where(tf.reshape(tf.reduce_any(missing, 0), [-1])), tf.int32)[:, 0]


def _fill_from_four_corners(network, pixels, mask, choose):
    """A product of four experts: one network that reads the image from each of its corners (section 8).

    The readings from the other three corners fill the hole on their own, in mode mean. The reading from the
    first corner then fills it for good, colour by colour, from

        p(v) ∝ Π p_d(v)^w_d    w_d ∝ the known share of what reading d has just passed, Σ w_d = 1

    so that each counts most where it enters the hole. What it has just passed is a Pixel CNN's zone, and of an
    LSTM's row the last RECENT pixels; in both a pixel counts the more, the nearer it is.
    """
    missing = mask[..., 0] > 0
    mean = partial(choose_values, mode="mean")
    local = hasattr(network, "offsets")
    passed = network.offsets if local else np.stack([np.zeros(RECENT, int), np.arange(-RECENT, 0)], 1)
    shares = [_known_share(missing, turns, passed) for turns in TURNS]
    weights = [share / tf.add_n(shares) for share in shares]
    views = [(turns, turned(pixels, turns), turned(mask, turns)) for turns in TURNS[1:]]
    if local:
        others = [(turns, _fill_in_wavefronts(network, *both, mean)[0]) for turns, *both in views]
        return _fill_in_wavefronts(network, pixels, mask, choose, weights=weights, others=others)

    holes = _visited_places(missing)
    flat = [tf.reshape(weight, [tf.shape(weight)[0], -1]) for weight in weights]
    weights = [tf.transpose(tf.gather(weight, holes, axis=1)) for weight in flat]
    places = tf.reshape(tf.range(pixels.shape[1] * pixels.shape[2]), [1, *pixels.shape[1:3]])
    others = []
    for turns, their_pixels, their_mask in views:
        states = _read(network, their_pixels, their_mask, mean, keep=True)[2]
        # Which place of the image each of the turned one's is, and back into the image's order.
        theirs = tf.gather(tf.reshape(turned(places, turns), [-1]), _visited_places(their_mask[..., 0] > 0))
        order = tf.argsort(theirs)
        others.append(tf.nest.map_structure(lambda part, order=order: tf.gather(part, order), states))
    return _read(network, pixels, mask, choose, weights=weights, others=others)[:2]


def _known_share(missing, turns, offsets):
    """The known share of what lies at the offsets from each pixel of a turned image, [B, H, W], at least 1e-4.

    offsets: int [N, 2], rows and columns, none above 0.
    """
    reach = -offsets.min(0)
    zone = np.zeros(reach + 1, np.float32)
    zone[tuple((offsets + reach).T)] = FADING ** -offsets.sum(1)
    known = tf.pad(turned(tf.cast(~missing, tf.float32), turns), [[0, 0], [reach[0], 0], [reach[1], 0]])
    share = tf.nn.conv2d(known[..., None], (zone / zone.sum())[..., None, None], 1, "VALID")[..., 0]
    return turned(tf.maximum(share, 1e-4), -turns)
