"""Completion with a density model beside the naive way: python benchmarks/completion.py [MODEL …]

    python benchmarks/completion.py pixel_cnn row_lstm --batch 16 --naive 2

The naive way runs the whole network on the whole image for each of the hole's 192 sub-pixels and takes one
value of its 3,072 from it. It is timed on --naive sub-pixels, in one compiled graph, and multiplied up. On two
smaller images it is run to its end, in modes greedy and sample, and must give the same pixels. Untrained
weights: speed does not depend on them. Images per second, medians of --turns turns of both in one run, and
their ratio.
"""

import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

import tensorflow as tf

from inpainting.command_line import Parser, run_program
from inpainting.config.experiments import experiment
from inpainting.config.generators import DENSITY
from inpainting.config.settings import with_settings
from inpainting.filling.completion import choose_values, complete, draws
from inpainting.masks import center_masks
from inpainting.measuring.report import markdown
from inpainting.pixels import COLOURS
from models import build_generator


def whole_network(network):
    """A compiled function of (pixels, mask): the logits of the whole image."""
    if network.conditional:
        return tf.function(lambda pixels, mask: network([pixels, mask]))
    return tf.function(lambda pixels, mask: network(pixels))


def complete_naively(network, pixels, mask, *, mode, seed=0, limit=None):
    """What filling.completion.complete does, by the whole network for each of the first `limit` sub-pixels.

    Returns the pixels and the log-likelihood. Every image has the same hole.
    """
    forward = whole_network(network)
    missing = mask[..., 0] > 0
    pixels = np.where(missing[..., None], 0, pixels)
    uniform = draws(tf.constant(pixels, tf.int32), seed)
    likelihood = np.zeros(len(pixels))
    places = [(*place, colour) for place in np.argwhere(np.any(missing, 0)) for colour in range(COLOURS)]
    for row, column, colour in places[:limit]:
        logits = forward(tf.constant(pixels, tf.int32), mask)[:, row, column, colour]
        where = tf.constant([[image, row, column] for image in range(len(pixels))])
        values, log_p = choose_values(logits, where, colour, mode=mode, uniform=uniform)
        here = missing[:, row, column]
        pixels[:, row, column, colour] = np.where(here, values, pixels[:, row, column, colour])
        likelihood += np.where(here, log_p, 0)
    return pixels, likelihood


def timed(function):
    began = time.perf_counter()
    function()
    return time.perf_counter() - began


def measure(name, *, batch, naive, turns):
    """Seconds of a batch: (fast, naive)."""
    network = build_generator(experiment(name))
    pixels = np.random.default_rng(0).integers(0, 256, (batch, 32, 32, 3))
    mask = center_masks(batch, image_size=32, hole=8)
    fill = tf.function(lambda pixels: complete(network, pixels, mask, mode="sample")[0])
    as_tensor = tf.constant(pixels, tf.int32)
    forward = whole_network(network)
    fill(as_tensor), forward(as_tensor, mask)
    seconds = {"fast": [], "naive": []}
    for _ in range(turns):
        seconds["fast"].append(timed(lambda: fill(as_tensor).numpy()))
        one = timed(lambda: [forward(as_tensor, mask)[:, 0, 0, 0].numpy() for _ in range(naive)]) / naive
        seconds["naive"].append(one * int(np.sum(mask[0])) * COLOURS)
    return tuple(float(np.median(seconds[way])) for way in ("fast", "naive"))


def check(name, mode):
    """Both ways give the same pixels: two images of 16×16, a hole of 4×4."""
    network = build_generator(with_settings(experiment(name), {"image_size": 16}))
    random = np.random.default_rng(0)
    for weight in network.trainable_variables:  # at initialisation all values are nearly equally likely
        weight.assign(weight + 0.1 * random.normal(size=weight.shape).astype(np.float32))
    pixels, mask = random.integers(0, 256, (2, 16, 16, 3)), center_masks(2, image_size=16, hole=4)
    fill = tf.function(lambda pixels: complete(network, pixels, mask, mode=mode)[0])
    fast = fill(tf.constant(pixels, tf.int32))
    slow, _ = complete_naively(network, pixels, mask.numpy(), mode=mode)
    if not np.array_equal(fast, slow):
        raise AssertionError(f"{name} {mode}: {np.mean(fast != slow):.1%} of the values differ")


def main(argv):
    parser = Parser(description=__doc__)
    parser.add_argument("models", nargs="*", metavar="MODEL", help=f"of {', '.join(DENSITY)} (default: all)")
    parser.add_argument("--batch", type=int, default=64, help="images at once (64)")
    parser.add_argument("--naive", type=int, default=3, help="naive sub-pixels timed in a turn, of 192 (3)")
    parser.add_argument("--turns", type=int, default=3, help="timings of each way (3)")
    arguments = parser.parse_args(argv)
    unknown = set(arguments.models) - set(DENSITY)
    if unknown:
        parser.error(f"unknown model {sorted(unknown)[0]}: one of {', '.join(DENSITY)}")
    rows = []
    for name in arguments.models or DENSITY:
        for mode in ("greedy", "sample"):
            check(name, mode)
        fast, naive = measure(name, batch=arguments.batch, naive=arguments.naive, turns=arguments.turns)
        speeds = {"images/s": arguments.batch / fast, "naive": arguments.batch / naive}
        rows.append({"model": name, **speeds, "ratio": naive / fast})
        print(f"{name}: {naive / fast:,.0f} times", flush=True)
    columns = {"model": "{}", "images/s": "{:.3g}", "naive": "{:.3g}", "ratio": "{:,.0f}"}
    print(f"\nTensorFlow {tf.__version__}, batches of {arguments.batch}\n\n{markdown(rows, columns)}")


if __name__ == "__main__":
    run_program(main)
