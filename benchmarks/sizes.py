"""What a pixel costs in larger pictures: python benchmarks/sizes.py [NAME …] [--sizes 32,64,128]

Each model with its defaults, at each size in a process of its own, with a hole of a quarter of the side. train:
seconds of a train step in the last phase, over the pixels of its batch, which are as many as 64 pictures of
32×32 have, and so are those that a Pixel CNN draws of them. fill: seconds of filling 64 pictures, over the
missing pixels; of a density model, by its means. "of the first" is a size's figure over the first size's.
gigabytes: all that the process had in use at once. Medians of --turns.
"""

import json
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from inpainting.command_line import Parser, import_tensorflow, run_program
from inpainting.config.experiments import experiment
from inpainting.config.settings import with_settings
from inpainting.measuring.report import markdown

NAMES = ("unet_l2", "pixel_cnn")
PICTURES, SIDE = 64, 32
COLUMNS = {
    "model": "{}",
    "pixels": "{}",
    "batch": "{}",
    "train µs": "{:.2f}",
    "of the first": "{:.2f}",
    "fill µs": "{:.1f}",
    "fill, of the first": "{:.2f}",
    "gigabytes": "{:.1f}",
}


def median_seconds(function, turns):
    """Of so many calls, after two that trace."""
    times = []
    for _ in range(turns + 2):
        began = time.perf_counter()
        function()
        times.append(time.perf_counter() - began)
    return statistics.median(times[2:])


def measure(name, size, turns):
    """A row of the table, without what compares."""
    import numpy as np

    from inpainting.filling.fillers import network_fillers
    from inpainting.training.build import build_trainer
    from inpainting.training.loop import Loop
    from pipelines.datasets import Images
    from pipelines.inpainting import evaluation_batches, training_batches

    batch = max(PICTURES * SIDE**2 // size**2, 1)
    config = with_settings(experiment(name), {"image_size": size, "batch_size": batch})
    if hasattr(config.method, "pixels_per_image"):
        drawn = config.method.pixels_per_image * PICTURES // batch
        config = with_settings(config, {"pixels_per_image": drawn})
    pixels = np.random.default_rng(0).integers(0, 256, (PICTURES, size, size, 3), np.uint8)
    images = Images(count=len(pixels), decoded=pixels)
    trainer = build_trainer(config)
    phase = config.phases[-1]
    trainer.begin_phase(phase)
    loop = Loop(
        trainer,
        training_batches(
            images,
            seed=0,
            batch_size=batch,
            batches_per_step=phase.batches_per_step,
            augmentations=config.data.augmentations,
            **config.data.masking,
        ),
    )

    def step():
        loop.step()
        trainer.step.numpy()

    train = median_seconds(step, turns)
    (held_out,) = evaluation_batches(images, **config.data.masking)
    masks = held_out["mask"].numpy()[..., 0]
    filler = network_fillers(config, trainer.ema_generator)[0]
    fill = median_seconds(lambda: filler(pixels, masks), max(turns // 4, 1))
    return {
        "model": name,
        "pixels": f"{size}×{size}",
        "batch": batch,
        "train µs": 1e6 * train / (batch * size**2),
        "fill µs": 1e6 * fill / float(masks.sum()),
        "gigabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
    }


def main(argv):
    parser = Parser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"default: {' '.join(NAMES)}")
    parser.add_argument("--sizes", default="32,64,128", help="sides in pixels (32,64,128)")
    parser.add_argument("--turns", type=int, default=10)
    parser.add_argument("--json", action="store_true", help="of one model and size, in this process: the row")
    arguments = parser.parse_args(argv)
    names, sizes = arguments.names or NAMES, arguments.sizes.split(",")
    for name in names:
        for size in sizes:
            with_settings(experiment(name), {"image_size": size})  # refused before the first is measured
    if arguments.json:
        import_tensorflow()
        print(json.dumps(measure(names[0], int(sizes[0]), arguments.turns)))
        return
    rows = []
    for name in names:
        for size in sizes:
            command = [
                sys.executable,
                __file__,
                name,
                "--sizes",
                size,
                "--turns",
                str(arguments.turns),
                "--json",
            ]
            output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
            row = json.loads(output.splitlines()[-1])
            first = next((other for other in rows if other["model"] == name), row)
            row["of the first"] = row["train µs"] / first["train µs"]
            row["fill, of the first"] = row["fill µs"] / first["fill µs"]
            rows.append(row)
            print(f"{name}, {row['pixels']}: {row['train µs']:.2f} µs a pixel", flush=True)
    print(f"\n{markdown(rows, COLUMNS)}")


if __name__ == "__main__":
    run_program(main)
