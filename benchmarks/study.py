"""The paper's choices, each measured under one budget: python benchmarks/study.py bottleneck

    python benchmarks/study.py bottleneck|encoders|batchnorm|overlap|regularisation|methods|family|alpha
    python benchmarks/study.py learning_rate|segment_rows
    python benchmarks/study.py density

Trains every variant of a study on CIFAR-10 (--data-dir as for train.py) into runs/studies-BATCHES/, with the
same number of training images for each, measures it on the first 5,000 training, the 5,000 validation and the
10,000 test images, and prints a table. Choices are made on the validation columns. What is done is skipped and
what was interrupted goes on, so the command can be repeated at will. Variants that studies share are trained
once.

The last three are of the density models, whose images take very different times. `density` trains each for its
own number of steps, into runs/density/, and measures it on the test images alone: in mode mean, in mode greedy
as the paper did, samples, and its bits per sub-pixel. `learning_rate` and `segment_rows` train for a twentieth
of those steps, into runs/studies-density/, and print the training's own validation.
"""

import json
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from evaluate import evaluate
from inpainting.command_line import Parser, run_program
from inpainting.errors import InputError
from inpainting.experiments import EXPERIMENTS, METHODS, experiment, resolved, with_settings
from inpainting.workdir import Workdir
from models import DENSITY

ROOT = Path(__file__).parent.parent
BATCHES = 3_000  # of 64 images: 4.3 epochs
SPLITS = {"train": 5_000, "validation": None, "test": None}

# Each variant: a model and the settings that differ from it.
STUDIES = {
    "bottleneck": [("cnn_l2", {"bottleneck": size}) for size in (256, 512, 1000, 2000)],
    "encoders": [(f"{encoder}_l2", {}) for encoder in ("cnn", "vgg", "inception", "resnet")],
    "batchnorm": [
        ("cnn_l2", {}),
        ("cnn_l2", {"batch_normalization": "false"}),
        ("cnn_l2", {"pooling": "max", "filters": 64}),
    ],
    "overlap": [
        ("cnn_l2", {}),
        ("cnn_l2", {"overlap": 0}),
        ("cnn_l2", {"overlap_weight": 20}),
        ("vgg_wgan", {}),
        ("vgg_wgan", {"discriminator_sees": "hole"}),
    ],
    "regularisation": [
        ("cnn_l2", {}),
        ("cnn_l2", {"dropout": 0.5}),
        ("cnn_l2", {"drop_connect": 0.2}),
        ("cnn_l2", {"l2_regularization": 1e-5}),
    ],
    "methods": [(f"vgg_{method}", {}) for method in ("l2", "dcgan", "wgan")],
    "family": [(name, {}) for name in EXPERIMENTS if name not in DENSITY],
    "alpha": [("vgg_wgan", {"alpha": alpha}) for alpha in (0.9, 0.99, 0.999)],
    "learning_rate": [
        *((name, {"learning_rate": rate}) for name in DENSITY for rate in (1e-3, 3e-3, 1e-2, 3e-2)),
        ("flattened_row_lstm", {"learning_rate": 1e-1}),
    ],
    "segment_rows": [
        *(("flattened_row_lstm", {"segment_rows": rows}) for rows in (1, 4, 8, None)),
        *((name, {"segment_rows": rows}) for name in ("row_lstm", "diagonal_bilstm") for rows in (8, None)),
    ],
    "density": [
        *((name, {}) for name in DENSITY),
        *((name, {"directions": 4}) for name in ("pixel_cnn", "flattened_row_lstm")),
    ],
}
PAPER = {  # section 7.1, train and validation L2
    "bottleneck=256": (7.01, 7.94),
    "cnn_l2": (6.34, 7.2),
    "bottleneck=1000": (4.86, 7.46),
    "bottleneck=2000": (4.21, 8.11),
}
PAPER_DENSITY = {"pixel_cnn": "6.98", "flattened_row_lstm": "7.63"}  # section 7.3, L2 on the test set
PUBLISHED_BITS = {"pixel_cnn": "3.14", "row_lstm": "3.07", "diagonal_bilstm": "3.00"}  # arXiv 1601.06759


def variant(model, settings):
    """The resolved Config of a model with settings, name -> value."""
    texts = {name: str(value) for name, value in settings.items()}
    return resolved(with_settings(experiment(model), texts))


def changed_settings(model, settings):
    """The settings that are not the model's own."""
    default = variant(model, {})
    return {name: value for name, value in settings.items() if variant(model, {name: value}) != default}


def variant_name(model, settings):
    return ",".join([model, *(f"{name}={value}" for name, value in changed_settings(model, settings).items())])


def steps_for(model, settings, batches):
    """Generator steps that consume the images of so many batches of 64."""
    probe = variant(model, {**settings, "steps": 10_000})
    return round(batches * 64 * 10_000 / (probe.batches_until(10_000) * probe.batch_size))


def own_steps(model, settings, share=1):
    """A share of the generator steps that the model takes by default."""
    return round(share * experiment(model).steps)


def run(model, settings, *, steps, splits, data_dir, folder):
    """Trains and measures one variant where that is not done, and returns what study.json holds.

    steps: a function of model and settings. splits: name -> number of images or None for all. Raises InputError
    where the run that is there has other settings: those of another version's defaults.
    """
    workdir = Workdir(folder / variant_name(model, settings))
    done = workdir.path / "study.json"
    if workdir.last.exists():
        wanted = variant(model, {**settings, "steps": steps(model, settings)})
        trained = workdir.read_config()
        if replace(trained, data_dir=wanted.data_dir) != wanted:
            raise InputError(f"{workdir.path} was trained with other settings: move it away to train it anew")
    if done.exists():
        return json.loads(done.read_text())
    if not workdir.saved_model.exists():
        command = [sys.executable, "train.py", "--model", model, "--workdir", str(workdir.path)]
        command += ["--data-dir", data_dir] if data_dir else []
        if workdir.last.exists():
            command.append("--resume")
        else:
            command += ["--overwrite", "--steps", str(steps(model, settings))]
            for name, value in changed_settings(model, settings).items():
                command += ["--set", f"{name}={value}"]
        print(" ".join(command), flush=True)
        train(command)
    config = workdir.read_config()
    history, criterion = workdir.history(), f"validation_{METHODS[config.method].criterion}"
    result = {"minutes": history[-1]["minutes"]}
    result[criterion] = min(line[criterion] for line in history if criterion in line)
    for split, limit in splits.items():
        rows = evaluate(workdir, split=split, limit=limit, data_dir=data_dir)
        result[split] = rows[config.model]
        if config.method == "density":
            result |= {mode: rows[f"{config.model} {mode}"] for mode in ("greedy", "sample")}
    workdir.write_json(done, result)
    return result


def train(command):
    """Runs train.py and ends with its status where it fails. After Ctrl-C it has the time to save."""
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        status = process.wait()
    except KeyboardInterrupt:
        process.wait()
        raise
    if status:
        sys.exit(status)


def table(study, results):
    """The results of a study as a Markdown table."""
    columns = ["variant", "minutes", "train half_sum_l2", "validation half_sum_l2", "validation hole_mse"]
    columns += ["test hole_mse", "test maem", "test sharpness", "test seam"]
    if study == "bottleneck":
        columns += ["paper: train", "paper: validation"]
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    for name, result in results.items():
        train, validation, test = (result[split] for split in SPLITS)
        cells = [name, f"{result['minutes']:.0f}", f"{train['half_sum_l2']:.2f}"]
        cells += [
            f"{validation['half_sum_l2']:.2f}",
            f"{validation['hole_mse']:.4f}",
            f"{test['hole_mse']:.4f}",
        ]
        cells += [f"{test['maem']:.1f}", f"{test['sharpness']:.2f}", f"{test['seam']:.2f}"]
        if study == "bottleneck":
            cells += [f"{value:.2f}" for value in PAPER[name.removeprefix("cnn_l2,")]]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def validation_table(results):
    """The best validation of each run as a Markdown table."""
    lines = ["| variant | minutes | validation nats_per_hole |", "|---|---|---|"]
    for name, result in results.items():
        lines.append(f"| {name} | {result['minutes']:.1f} | {result['validation_nats_per_hole']:.1f} |")
    return "\n".join(lines)


def density_table(results):
    """The density models beside the paper's values and the published ones, as a Markdown table."""
    columns = ["model", "minutes", "mean: hole_mse", "half_sum_l2", "maem", "sharpness", "seam"]
    columns += ["greedy: hole_mse", "half_sum_l2", "sample: hole_mse", "sharpness", "seam"]
    columns += ["bits/dim of the hole", "of the image", "paper's L2", "published bits/dim"]
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    for name, result in results.items():
        mean, greedy, sample = result["test"], result["greedy"], result["sample"]
        cells = [name, f"{result['minutes']:.0f}", f"{mean['hole_mse']:.4f}", f"{mean['half_sum_l2']:.2f}"]
        cells += [f"{mean['maem']:.1f}", f"{mean['sharpness']:.2f}", f"{mean['seam']:.2f}"]
        cells += [f"{greedy['hole_mse']:.4f}", f"{greedy['half_sum_l2']:.2f}", f"{sample['hole_mse']:.4f}"]
        cells += [f"{sample['sharpness']:.2f}", f"{sample['seam']:.2f}"]
        cells += [f"{mean[key]:.2f}" if key in mean else "" for key in ("hole_bits_per_dim", "bits_per_dim")]
        cells += [PAPER_DENSITY.get(name, ""), PUBLISHED_BITS.get(name, "")]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def plan(study, batches):
    """How a study goes: its folder in runs/, steps of a variant, SPLITS, the budget in words, and its table."""
    if study == "density":
        return study, own_steps, {"test": None}, "each for its own number of steps", density_table
    if study in ("learning_rate", "segment_rows"):
        steps = partial(own_steps, share=1 / 20)
        return "studies-density", steps, {}, "each for a twentieth of its own number of steps", validation_table
    steps, budget = partial(steps_for, batches=batches), f"{batches} batches of 64 images each"
    return f"studies-{batches}", steps, SPLITS, budget, partial(table, study)


def main(argv):
    parser = Parser(description=__doc__)
    parser.add_argument("study", choices=STUDIES)
    parser.add_argument(
        "--batches",
        type=int,
        default=BATCHES,
        help=f"of 64 images for each run, but of density models ({BATCHES})",
    )
    parser.add_argument("--data-dir", help="where TFDS keeps its data sets")
    arguments = parser.parse_args(argv)
    folder, steps, splits, budget, tabulate = plan(arguments.study, arguments.batches)
    options = {
        "steps": steps,
        "splits": splits,
        "data_dir": arguments.data_dir,
        "folder": ROOT / "runs" / folder,
    }
    results = {}
    for model, settings in STUDIES[arguments.study]:
        results[variant_name(model, settings)] = run(model, settings, **options)
    print(f"\n{budget}\n\n{tabulate(results)}")


if __name__ == "__main__":
    run_program(main)
