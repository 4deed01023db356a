"""The paper's choices, each measured under one budget: python benchmarks/study.py bottleneck [--publish]

    python benchmarks/study.py bottleneck|encoders|batchnorm|overlap|regularisation|methods|family|unet
    python benchmarks/study.py sees|alpha|budget
    python benchmarks/study.py density|learning_rate|segment_rows

Trains every variant of a study on CIFAR-10 (--data-dir as for train.py) into runs/studies-BATCHES/, with the
same number of training images for each, measures it on the first 5,000 training and the 5,000 validation
images, and prints a table. What is done is skipped and what was interrupted goes on, so the command can be
repeated at will. Variants that studies share are trained once. --publish writes docs/results/STUDY.json, of
which benchmarks/tables.py makes the published table.

The shapes of `unet` cost very different times an image: each trains for as many steps as took four minutes on 2
cores of a Xeon with AMX.

`sees`, `alpha` and `budget` are of what follows the L2 alone: 1,000 steps of vgg_wgan from pretrained/vgg_l2,
into runs/studies-after-l2/, and told from the truth by c2st too.

The last three are of the density models, whose images take very different times. `density` trains each for its
own number of steps, into runs/density/, and measures it on the test images alone: in mode mean, in mode greedy
as the paper did, samples, and its bits per sub-pixel. `learning_rate` and `segment_rows` train for a twentieth
of those steps, into runs/studies-density/, and print the training's own validation.
"""

import json
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.variants import BATCHES, STUDIES, budget_of, changed_settings, variant_name
from inpainting.command_line import Parser, import_tensorflow, run_program
from inpainting.config.experiments import experiment
from inpainting.config.settings import after_l2, with_settings
from inpainting.errors import InputError
from inpainting.files import write_json
from inpainting.measuring.report import FORMATS, markdown
from inpainting.signals import Stopped
from inpainting.workdir import Workdir

ROOT = Path(__file__).parent.parent
PAPER = {  # section 7.1, train and validation L2
    "cnn_l2,bottleneck=256": (7.01, 7.94),
    "cnn_l2": (6.34, 7.2),
    "cnn_l2,bottleneck=1000": (4.86, 7.46),
    "cnn_l2,bottleneck=2000": (4.21, 8.11),
}
PAPER_DENSITY = {"pixel_cnn": 6.98, "flattened_row_lstm": 7.63}  # section 7.3, L2 on the test set
PUBLISHED_BITS = {"pixel_cnn": 3.14, "row_lstm": 3.07, "diagonal_bilstm": 3.00}  # arXiv 1601.06759


def run(model, settings, budget, *, runs, data_dir):
    """Trains and measures one variant where that is not done, and returns what study.json holds.

    runs: the folder that holds the budget's. Raises InputError where the run that is there has other settings:
    those of another version's defaults.
    """
    workdir = Workdir(runs / budget.folder / variant_name(model, settings))
    steps, initial = budget.steps(model, settings), budget.initial
    done = workdir.path / "study.json"
    if workdir.last.exists():
        trained = workdir.read_config()
        given = {**settings, "steps": steps, "data_dir": trained.data.data_dir}
        if initial:
            given = after_l2(experiment(model), Workdir(initial).read_config(), steps) | given
        wanted = with_settings(experiment(model), given)
        if trained != wanted:
            raise InputError(f"{workdir.path} was trained with other settings: move it away to train it anew")
    if done.exists():
        return json.loads(done.read_text())
    command = [sys.executable, "train.py", "--model", model, "--workdir", str(workdir.path)]
    command += ["--data-dir", data_dir] if data_dir else []
    if workdir.last.exists():
        command.append("--resume")  # one that has ended only exports again
    else:
        command += ["--overwrite", "--steps", str(steps), *(["--initial", str(initial)] if initial else [])]
        for name, value in changed_settings(model, settings).items():
            command += ["--set", f"{name}={value}"]
    print(" ".join(command), flush=True)
    train(command)
    import_tensorflow()
    from inpainting.filling.fillers import load_fillers
    from inpainting.measuring.evaluation import evaluate

    history, criterion = workdir.history(), f"validation_{workdir.read_config().method.criterion}"
    result = {"minutes": history[-1]["minutes"]}
    result[criterion] = min(line[criterion] for line in history if criterion in line)
    loaded = load_fillers(workdir)
    for split, limit in budget.splits.items():
        classify = budget.classified and split == "validation"
        rows, _ = evaluate(workdir, *loaded, split=split, limit=limit, data_dir=data_dir, classify=classify)
        result[split] = rows[model]
        result |= {mode: rows[f"{model} {mode}"] for mode in ("greedy", "sample") if f"{model} {mode}" in rows}
    write_json(done, result)
    return result


def train(command):
    """Runs train.py and ends with its status where it fails. It is handed signals, and has the time to save."""
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        status = process.wait()
    except Stopped as stopped:
        if stopped.number != signal.SIGINT:  # which the terminal sends to both
            process.send_signal(stopped.number)
        process.wait()
        raise
    if status:
        sys.exit(status)


def _values(prefix, row, *names):
    """The values of a row by these names, and the intervals that they have."""
    keys = (key for name in names for key in (name, f"{name}_interval") if key in row or key == name)
    return {f"{prefix}{key}": row[key] for key in keys}


def study_row(name, result):
    """A variant's row in the table of its study."""
    row = {"variant": name, "minutes": result["minutes"]}
    if "validation" not in result:
        return {**row, "validation nats_per_hole": result["validation_nats_per_hole"]}
    row |= _values("train ", result["train"], "half_sum_l2")
    names = ("half_sum_l2", "hole_mse", "maem", "sharpness", "seam")
    names += ("c2st",) if "c2st" in result["validation"] else ()
    return row | _values("validation ", result["validation"], *names)


def bottleneck_row(name, result):
    """With the paper's values."""
    paper = dict(zip(("paper: train", "paper: validation"), PAPER[name], strict=True))
    return {**study_row(name, result), **paper}


def density_row(name, result):
    """A density model's row, beside the paper's value and the published likelihood."""
    mean = result["test"]
    row = {
        "model": name,
        "minutes": result["minutes"],
        **_values("mean: ", mean, "hole_mse", "half_sum_l2", "maem", "sharpness", "seam"),
    }
    row |= _values("greedy: ", result["greedy"], "hole_mse", "half_sum_l2")
    row |= _values("sample: ", result["sample"], "hole_mse", "sharpness", "seam")
    row |= {
        "bits/dim of the hole": mean["hole_bits_per_dim"],
        "bits/dim of the image": mean.get("bits_per_dim"),
    }
    return {**row, "paper: L2": PAPER_DENSITY.get(name), "published bits/dim": PUBLISHED_BITS.get(name)}


ROWS = {"density": density_row, "bottleneck": bottleneck_row}  # study_row for all others


def columns_of(rows):
    """The columns of a table's rows and their formats."""
    formats = {"variant": "{}", "model": "{}", "minutes": "{:.0f}"}
    names = (name for name in rows[0] if not name.endswith("_interval"))
    return {name: formats.get(name) or FORMATS.get(name.split()[-1], "{:.2f}") for name in names}


def publish(study, rows, *, command, about):
    """Writes docs/results/STUDY.json: its format is in benchmarks/tables.py."""
    import tensorflow as tf

    from inpainting.training.hardware import cpu

    note = f"CIFAR-10, {about}, seed 0, TensorFlow {tf.__version__}, {cpu()}, {date.today():%B %Y}."
    rows = [{name: _rounded(value) for name, value in row.items()} for row in rows]
    values = {"command": command, "note": note, "columns": columns_of(rows)}
    path = ROOT / "docs" / "results" / f"{study}.json"
    write_json(path, {**values, "rows": rows})
    print(f"\n{path}: python benchmarks/tables.py puts it into the docs")


def _rounded(value):
    return float(f"{value:.4g}") if isinstance(value, float) else value


def main(argv):
    parser = Parser(description=__doc__)
    parser.add_argument("study", choices=STUDIES)
    batches_help = f"of 64 images for each run, but of density models ({BATCHES})"
    parser.add_argument("--batches", type=int, default=BATCHES, help=batches_help)
    parser.add_argument("--data-dir", help="where TFDS keeps its data sets")
    parser.add_argument("--publish", action="store_true", help="write docs/results/STUDY.json")
    arguments = parser.parse_args(argv)
    study = arguments.study
    budget, rows = budget_of(study, arguments.batches), []
    for model, settings in STUDIES[study]:
        result = run(model, settings, budget, runs=ROOT / "runs", data_dir=arguments.data_dir)
        rows.append(ROWS.get(study, study_row)(variant_name(model, settings), result))
    print(f"\n{budget.text}\n\n{markdown(rows, columns_of(rows))}")
    if arguments.publish:
        words = [f"--batches {arguments.batches}"] if arguments.batches != BATCHES else []
        command = " ".join(["python benchmarks/study.py", study, *words])
        publish(study, rows, command=command, about=budget.text)


if __name__ == "__main__":
    run_program(main)
