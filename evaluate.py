"""Measures trained models on images they have not seen: python evaluate.py runs/vgg_wgan --baselines

Prints a table and writes results.json and figures/ into each work directory. The averaged weights of the best
checkpoint are measured, in float32. A density model gets a row for each way of completing (mean, greedy,
sample) and its likelihood in bits per sub-pixel, of the hole and of the whole image, in one reading from the
first corner whatever its directions. --mask measures a run on other holes than those it was trained for. With
--figure, it draws several runs into one picture instead, in figures/ of the last of them: overlap (two runs,
without and with the overlap trick: the paper's figure 6), grid (the same images down the rows, the models
across) or curves (validation over time). The paper's figures 4, 5, 9, 11 and 12, completions beside the truth,
are each model's completions.png. Exit status: 0 done, 1 failed, 2 the command was refused.
"""

import time
from functools import partial

from inpainting.command_line import Parser, import_tensorflow, run_program
from inpainting.errors import InputError
from inpainting.experiments import CHOICES, METHODS
from inpainting.workdir import Workdir

SHOWN = 12  # images of the figure
SAMPLES = 6  # completions of one image in a density model's figure
LIKELIHOOD_BATCH = 50  # images whose logits, 256 a sub-pixel, are in memory at once
COLUMNS = {
    "hole_mse": "{:.4f}",
    "l2": "{:.4f}",
    "half_sum_l2": "{:.2f}",
    "maem": "{:.1f}",
    "hole_psnr": "{:.2f}",
    "ssim": "{:.4f}",
    "sharpness": "{:.2f}",
    "seam": "{:.2f}",
    "nats_per_hole": "{:.1f}",
    "hole_bits_per_dim": "{:.2f}",
    "bits_per_dim": "{:.2f}",
    "ms_per_image": "{:.2f}",
    "parameters": "{:,}",
}
LIKELIHOOD = ("nats_per_hole", "hole_bits_per_dim", "bits_per_dim")  # columns of density models alone


def parse(argv):
    parser = Parser(description=__doc__)
    parser.add_argument("workdirs", nargs="+", metavar="WORKDIR", help="directories that train.py has made")
    parser.add_argument(
        "--split", default="test", choices=("train", "validation", "test"), help="default: test"
    )
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N images")
    parser.add_argument("--mask", choices=CHOICES["mask"], help="other holes than the run was trained for")
    parser.add_argument("--baselines", action="store_true", help="measure classical methods beside the models")
    parser.add_argument(
        "--figure", choices=("overlap", "grid", "curves"), help="draw the runs into one picture"
    )
    parser.add_argument("--data-dir", metavar="DIR", help="where TFDS keeps its data sets, if elsewhere now")
    arguments = parser.parse_args(argv)
    arguments.workdirs = list(dict.fromkeys(arguments.workdirs))
    if arguments.limit is not None and arguments.limit < 1:
        parser.error("--limit must be at least 1")
    if arguments.figure == "overlap" and len(arguments.workdirs) != 2:
        parser.error("--figure overlap takes two work directories: without and with the overlap")
    if arguments.figure and (arguments.baselines or arguments.limit or arguments.mask):
        parser.error(
            "--figure draws the same few images of each run: leave out --baselines, --limit and --mask"
        )
    return arguments


def evaluate(workdir, *, split="test", limit=None, mask=None, data_dir=None, baselines=False):
    """Measures one run. Returns its row and the baselines', name -> dict with the keys of COLUMNS.

    mask: the holes, by default those of its training. A density model's own row is that of mode mean; the
    others are called "NAME greedy" and "NAME sample".
    Writes results.json and figures/ into the work directory.
    """
    config = workdir.read_config()
    holes = holes_of(config, mask)
    import_tensorflow()
    from inpainting import figures
    from inpainting.baselines import BASELINES
    from inpainting.masks import composite
    from models import trainable_parameters
    from pipelines import datasets
    from pipelines.inpainting import evaluation_batches

    generator, progress = load_generator(config, workdir)
    source = {"image_size": config.image_size, "data_dir": data_dir or config.data_dir, "limit": limit}
    images = datasets.load(config.dataset, split, **source)
    batches = evaluation_batches(images, fill=config.fill, **holes)

    rows, all_errors = {}, {}
    about_model = {"parameters": trainable_parameters(generator)}
    if config.method == "density":
        about_model.update(likelihood(generator, batches))
    predictors = fillers(config, generator)
    for name, predict in predictors.items():
        row, all_errors[name] = measure(predict, generator_inputs, batches)
        rows[name] = {**row, **about_model}
    if baselines:
        for name, method in BASELINES.items():
            print(f"{name} on {images.count:,} images", flush=True)
            row, errors = measure(lambda inputs, _, method=method: method(*inputs), classical_inputs, batches)
            rows[name], all_errors[name] = {**row, "parameters": 0}, errors

    shown = {key: value[:SHOWN] for key, value in next(iter(batches)).items()}
    completed = composite(shown["mask"], predictors[config.model](generator_inputs(shown)), shown["image"])
    figures.completions(shown["context"], completed, shown["image"], workdir.figures / "completions.png")
    figures.error_histogram(all_errors, workdir.figures / "errors.png")
    if config.method == "density":
        draw_density(generator, shown, workdir.figures)
    about = {"dataset": config.dataset, "split": split, "images": images.count, "step": progress["best_step"]}
    workdir.write_json(workdir.results, {**about, **holes, "results": rows})
    return rows


def holes_of(config, mask=None):
    """The holes that a run is measured on, `mask` and `hole`: those of its training where `mask` is None.

    Raises InputError for holes that a network which predicts the centre alone cannot fill.
    """
    if mask not in (None, "center") and config.patch < config.image_size:
        raise InputError(
            f"--mask {mask}: {config.model} was trained to fill the centred {config.patch}×{config.patch} "
            f"pixels alone: train it with --set mask={mask}"
        )
    return {"mask": mask or config.mask, "hole": config.hole}


def draw(kind, workdirs, *, split="test", data_dir=None):
    """Draws several runs into one picture. Returns its path, in figures/ of the last run.

    kind: "overlap" or "grid", completions of the same images; "curves", the validation criterion over time.
    """
    configs = [workdir.read_config() for workdir in workdirs]
    if kind == "overlap":
        names = ["without overlap", "with overlap"]
        if configs[0].overlap or not configs[1].overlap:
            raise InputError("--figure overlap takes a run with overlap=0 first, then one with an overlap")
    else:
        paths = [workdir.path for workdir in workdirs]
        ways = (
            [config.model for config in configs],
            [path.name for path in paths],
            [str(path) for path in paths],
        )
        names = next(names for names in ways if len(set(names)) == len(names))
    tasks = {_task(config) for config in configs}
    if kind != "curves" and len(tasks) > 1:
        raise InputError(f"--figure {kind} needs runs of the same data and holes; these differ: {tasks}")
    criteria = {METHODS[config.method].criterion for config in configs}
    if kind == "curves" and len(criteria) > 1:
        raise InputError(f"--figure curves needs runs with one criterion; these have {' and '.join(criteria)}")
    import_tensorflow()
    from inpainting import figures
    from inpainting.masks import composite
    from pipelines import datasets
    from pipelines.inpainting import evaluation_batches

    path = workdirs[-1].figures / f"{kind}.png"
    if kind == "curves":
        (criterion,) = criteria
        histories = {}
        for name, workdir in zip(names, workdirs, strict=True):
            lines = [line for line in workdir.history() if f"validation_{criterion}" in line]
            histories[name] = [[line[key] for line in lines] for key in ("minutes", f"validation_{criterion}")]
        figures.curves(histories, criterion, path)
        return path
    source = {"image_size": configs[0].image_size, "data_dir": data_dir or configs[0].data_dir, "limit": SHOWN}
    images = datasets.load(configs[0].dataset, split, **source)
    columns = {}
    for name, config, workdir in zip(names, configs, workdirs, strict=True):
        generator, _ = load_generator(config, workdir)
        batch = next(iter(evaluation_batches(images, fill=config.fill, **holes_of(config))))
        prediction = fillers(config, generator)[config.model](generator_inputs(batch))
        columns[name] = composite(batch["mask"], prediction, batch["image"])
    figures.side_by_side({"context": batch["context"], **columns, "truth": batch["image"]}, path)
    return path


def _task(config, mask=None):
    return config.dataset, config.image_size, *holes_of(config, mask).values()


def load_generator(config, workdir):
    """The averaged generator of the best checkpoint in float32 (of the last where none was validated)."""
    from inpainting import checkpoints
    from inpainting.trainers.trainer import ordered_variables
    from models import build_generator

    path = workdir.best if workdir.best.exists() else workdir.last
    groups, progress = checkpoints.load(path)
    generator = build_generator(config)
    checkpoints.restore(groups, {"ema_generator": ordered_variables(generator)}, path)
    return generator, progress


def fillers(config, generator):
    """What a run can fill holes with: name -> function from [context, mask] to predictions in [-1, 1].

    Its second argument is the number of the first image, from which samples are drawn.
    """
    import tensorflow as tf

    from inpainting.completion import MODES, complete
    from inpainting.pixels import as_pixels, to_float

    if config.method != "density":
        predict = tf.function(generator, reduce_retracing=True)
        return {config.model: lambda inputs, first=0: predict(inputs, training=False)}

    def filler(mode):
        @partial(tf.function, reduce_retracing=True)
        def fill(pixels, mask, seed):
            return complete(generator, pixels, mask, mode=mode, seed=seed)[0]

        return lambda inputs, first=0: to_float(fill(as_pixels(inputs[0]), inputs[1], tf.constant(first)))

    return {config.model if mode == "mean" else f"{config.model} {mode}": filler(mode) for mode in MODES}


def likelihood(network, batches):
    """The mean LIKELIHOOD of a density model over the images, those that it has."""
    import numpy as np
    import tensorflow as tf

    from inpainting.pixels import as_pixels
    from inpainting.trainers.density import per_image_nats

    measure_batch = tf.function(
        lambda pixels, mask: per_image_nats(network, pixels, mask), reduce_retracing=True
    )
    batches = batches.unbatch().batch(LIKELIHOOD_BATCH)
    values = [measure_batch(as_pixels(batch["image"]), batch["mask"]) for batch in batches]
    known = [key for key in LIKELIHOOD if key in values[0]]
    return {key: float(np.mean(np.concatenate([value[key] for value in values]))) for key in known}


def draw_density(network, shown, folder):
    """Figure 8 of the paper, samples of the same holes, and the entropy of every pixel, into `folder`.

    Probabilities and entropy are those of the first reading, given the true values before each.
    """
    import numpy as np
    import tensorflow as tf

    from inpainting import figures
    from inpainting.completion import complete
    from inpainting.pixels import as_pixels, to_float

    image, mask = shown["image"], shown["mask"]
    pixels = as_pixels(image)
    sample = tf.function(lambda seed: complete(network, pixels, mask, mode="sample", seed=seed)[0])
    columns = {"context": shown["context"], "truth": image}
    columns.update(
        {f"sample {index + 1}": to_float(sample(tf.constant(index * len(image)))) for index in range(SAMPLES)}
    )
    figures.side_by_side(columns, folder / "samples.png")

    logits = network([pixels, mask] if network.conditional else pixels, training=False)
    first = tuple(np.argwhere(mask[..., 0] > 0)[0])
    figures.probabilities(tf.nn.softmax(logits[first]), pixels[first], folder / "probabilities.png")
    log_p = tf.nn.log_softmax(logits)
    entropy = -tf.reduce_sum(tf.exp(log_p) * log_p, axis=[-2, -1]) / np.log(2)
    if network.conditional:  # says nothing of known pixels
        entropy = tf.where(mask[..., 0] > 0, entropy, float("nan"))
    figures.maps(image, entropy.numpy(), "entropy of a pixel, bits", folder / "entropy.png")


def measure(predict, prepare, batches):
    """METRICS and milliseconds per image of predict(prepare(batch), first), and the hole_mse of each image.

    first: the number of the batch's first image.
    Neither `prepare` is timed nor a first run of the first batch, which traces the network's graph.
    """
    import numpy as np
    import tensorflow as tf

    from inpainting.metrics import per_image, summarise
    from inpainting.pixels import to_float

    size = len(predict(prepare(next(iter(batches))), 0))
    values, seconds, first = [], [], 0
    for batch in batches:
        inputs = prepare(batch)
        began = time.perf_counter()
        prediction = np.asarray(predict(inputs, first))
        if len(prediction) == size:  # a smaller one, the last, traces the graph anew
            seconds.append((time.perf_counter() - began) / size)
        first += len(prediction)
        if prediction.dtype == np.uint8:
            prediction = to_float(prediction)
        prediction = tf.convert_to_tensor(prediction)
        values.append(per_image(prediction=prediction, target=batch["image"], mask=batch["mask"]))
    per_key = {key: np.concatenate([value[key].numpy() for value in values]) for key in values[0]}
    summary = summarise({key: float(np.mean(value, dtype=np.float64)) for key, value in per_key.items()})
    row = {key: float(value) for key, value in summary.items()}
    return {**row, "ms_per_image": 1000 * float(np.median(seconds))}, per_key["hole_mse"]


def generator_inputs(batch):
    return [batch["context"], batch["mask"]]


def classical_inputs(batch):
    """Pictures (uint8, black in the hole: nothing of it may be seen) and masks for a classical method."""
    from inpainting.masks import composite
    from inpainting.pixels import to_uint8

    pixels = to_uint8(composite(batch["mask"], -1.0, batch["image"])).numpy()
    return pixels, batch["mask"].numpy()[..., 0]


def table(rows):
    """The rows as a Markdown table. LIKELIHOOD where a row has it."""
    columns = {
        key: form
        for key, form in COLUMNS.items()
        if key not in LIKELIHOOD or any(key in row for row in rows.values())
    }
    lines = ["| model | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for name, row in rows.items():
        cells = (form.format(row[key]) if key in row else "" for key, form in columns.items())
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main(argv):
    arguments = parse(argv)
    workdirs = [Workdir(path) for path in arguments.workdirs]
    if arguments.figure:
        print(draw(arguments.figure, workdirs, split=arguments.split, data_dir=arguments.data_dir))
        return 0
    tables = {}
    configs = [workdir.read_config() for workdir in workdirs]
    tasks = [_task(config, arguments.mask) for config in configs]  # all before the first is measured
    for workdir, config, task in zip(workdirs, configs, tasks, strict=True):
        rows = tables.setdefault(task, {})
        options = {key: getattr(arguments, key) for key in ("split", "limit", "mask", "data_dir")}
        measured = evaluate(workdir, **options, baselines=arguments.baselines and not rows)
        own = {name: row for name, row in measured.items() if name.split()[0] == config.model}
        rows.update({name.replace(config.model, str(workdir.path), 1): row for name, row in own.items()})
        rows.update({name: row for name, row in measured.items() if name not in own})
    for (dataset, size, mask, hole), rows in tables.items():
        shape = f"{mask} {hole}×{hole}" if mask == "center" else f"{mask} ({hole})"
        limit = f", first {arguments.limit}" if arguments.limit else ""
        print(
            f"\n{dataset}, {arguments.split} split{limit}, {size}×{size} pixels, hole: {shape}\n\n{table(rows)}"
        )
    for workdir in workdirs:
        print(f"\n{workdir.results}\n{workdir.figures / 'completions.png'}\n{workdir.figures / 'errors.png'}")
    return 0


if __name__ == "__main__":
    run_program(main)
