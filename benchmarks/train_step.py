"""Images per second of a whole train step, of every model or of those named.

    python benchmarks/train_step.py [NAME …] [--steps 20] [--float32-only]

Each model with its defaults, in the phase with its adversary, fed by the real data chain from random pictures
in memory. images/s counts the real images that generator updates consume, one batch a step. "waiting" is the
share of the time of all steps, one right after the other, that goes by before their data is there. GFLOP/s is
what its graph adds and multiplies a second, "of matmul" its share of what the machine does in a product of two
matrices, MATRIX × MATRIX, to find networks that are slow for their arithmetic; a density model's graph does not
know its shapes. For a WGAN also the time of a step over that of its parts, measured alone: critic_steps critic
updates and one generator update. Medians over --steps steps.
"""

import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from inpainting.command_line import Parser, import_tensorflow, run_program

import_tensorflow()

import numpy as np
import tensorflow as tf

from inpainting.config.experiments import EXPERIMENTS, experiment
from inpainting.config.settings import with_settings
from inpainting.measuring.report import markdown
from inpainting.training.build import build_trainer
from pipelines.datasets import Images
from pipelines.inpainting import training_batches

MATRIX = 2048


def seconds(functions, turns):
    """Times of the calls of each, name -> list of seconds, in turns; the first two, which trace, left out."""
    times = {name: [] for name in functions}
    for _ in range(turns + 2):
        for name, function in functions.items():
            began = time.perf_counter()
            function()
            times[name].append(time.perf_counter() - began)
    return {name: values[2:] for name, values in times.items()}


def operations(trainer, batches):
    """Additions and multiplications of a step: K − 1 updates of the adversary and one of the generator."""
    options = {**tf.compat.v1.profiler.ProfileOptionBuilder.float_operation(), "output": "none"}
    batch = {key: value[0] for key, value in batches.items()}

    def count(function):
        graph = tf.function(function).get_concrete_function(batch).graph
        return tf.compat.v1.profiler.profile(graph, options=options).total_float_ops

    updates = len(batches["image"]) - 1
    adversary = updates * count(lambda batch: trainer.adversary_step(batch, 0)) if updates else 0
    return adversary + count(trainer.generator_step)


def matmul_rate(precision, turns):
    """Additions and multiplications a second of a large product of matrices."""
    kind = tf.bfloat16 if precision == "mixed_bfloat16" else tf.float32
    matrix = tf.cast(tf.random.stateless_normal([MATRIX, MATRIX], [1, 2]), kind)
    times = seconds({"product": lambda: tf.matmul(matrix, matrix).numpy()}, turns)["product"]
    return 2 * MATRIX**3 / statistics.median(times)


def measure(name, precision, images, steps):
    config = with_settings(experiment(name), {"precision": precision})
    trainer = build_trainer(config)
    phase = config.phases[-1]
    batches = training_batches(
        images,
        seed=0,
        batch_size=config.training.batch_size,
        batches_per_step=phase.batches_per_step,
        augmentations=config.data.augmentations,
        **config.data.masking,
    )
    trainer.begin_phase(phase)
    train_step = tf.function(trainer.train_step, jit_compile=trainer.jit_compile)
    iterator = iter(batches)
    waits = []

    def step():
        began = time.perf_counter()
        batch = next(iterator)
        waits.append(time.perf_counter() - began)
        train_step(batch)["loss"].numpy()

    times = seconds({"step": step}, steps)["step"]
    whole = statistics.median(times)
    row = {"images/s": config.training.batch_size / whole, "waiting": sum(waits[2:]) / sum(times)}
    if config.method.family != "density":
        rate = operations(trainer, next(iterator)) / whole
        row["GFLOP/s"], row["of matmul"] = rate / 1e9, rate / matmul_rate(precision, steps)
    if config.method.kind == "wgan":
        batch = {key: value[0] for key, value in next(iterator).items()}
        critic_update = tf.function(lambda: trainer.adversary_step(batch, 0))
        generator_update = tf.function(lambda: trainer.generator_step(batch))
        functions = {
            "step": step,
            "critic": lambda: (critic_update(), trainer.adversary_optimizer.iterations.numpy()),
            "generator": lambda: (generator_update(), trainer.step.numpy()),
        }
        medians = {name: statistics.median(times) for name, times in seconds(functions, steps).items()}
        row["step / parts"] = medians["step"] / (
            config.method.critic_steps * medians["critic"] + medians["generator"]
        )
    return row


def main(argv):
    parser = Parser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="default: every model")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--float32-only", action="store_true")
    arguments = parser.parse_args(argv)
    names = arguments.names or list(EXPERIMENTS)
    for name in names:
        experiment(name)  # a misspelt one is refused before the first is measured
    if arguments.steps < 1:
        parser.error("--steps must be at least 1")
    pixels = np.random.default_rng(0).integers(0, 256, (5000, 32, 32, 3), np.uint8)
    images = Images(count=len(pixels), decoded=pixels)
    precisions = ["float32"] if arguments.float32_only else ["float32", "mixed_bfloat16"]
    rows = []
    for name in names:
        for precision in precisions:
            row = measure(name, precision, images, arguments.steps)
            rows.append({"model": name, "precision": precision, **row})
            share = f", {row['of matmul']:.0%} of a matmul's rate" if "of matmul" in row else ""
            print(f"{name} {precision}: {row['images/s']:.0f} images/s{share}", flush=True)
            tf.keras.backend.clear_session()
    print(f"\nTensorFlow {tf.__version__}, 32×32 pixels, medians of {arguments.steps} steps\n")
    columns = {"model": "{}", "precision": "{}", "images/s": "{:.0f}", "waiting": "{:.1%}"}
    print(markdown(rows, {**columns, "GFLOP/s": "{:.0f}", "of matmul": "{:.0%}", "step / parts": "{:.2f}"}))


if __name__ == "__main__":
    run_program(main)
