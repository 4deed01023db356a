"""The paper's choices, each measured under one budget: python benchmarks/study.py bottleneck

    python benchmarks/study.py bottleneck|encoders|batchnorm|overlap|regularisation|methods|alpha

Trains every variant of a study on CIFAR-10 (--data-dir as for train.py) into runs/studies-BATCHES/, with the
same number of training images for each, measures it on the first 5,000 training, the 5,000 validation and the
10,000 test images, and prints a table. Choices are made on the validation columns. What is done is skipped and
what was interrupted goes on, so the command can be repeated at will. Variants that studies share are trained
once.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from evaluate import evaluate
from inpainting.experiments import experiment, resolved, with_settings
from inpainting.workdir import Workdir

ROOT = Path(__file__).parent.parent
BATCHES = 6_000  # of 64 images: 8.5 epochs, about 20 minutes on 2 cores
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
    "alpha": [
        (f"vgg_{method}", {"alpha": alpha}) for method in ("dcgan", "wgan") for alpha in (0.9, 0.99, 0.999)
    ],
}
PAPER = {  # section 7.1, train and validation L2
    "bottleneck=256": (7.01, 7.94),
    "cnn_l2": (6.34, 7.2),
    "bottleneck=1000": (4.86, 7.46),
    "bottleneck=2000": (4.21, 8.11),
}


def changed_settings(model, settings):
    """The settings that are not the model's own."""
    default = resolved(experiment(model))
    return {
        name: value
        for name, value in settings.items()
        if resolved(with_settings(experiment(model), {name: str(value)})) != default
    }


def variant_name(model, settings):
    return ",".join([model, *(f"{name}={value}" for name, value in changed_settings(model, settings).items())])


def steps_for(model, settings, batches):
    """Generator steps that consume so many batches."""
    config = with_settings(experiment(model), {name: str(value) for name, value in settings.items()})
    probe = resolved(with_settings(config, {"steps": "10000"}))
    return round(batches * 10_000 / probe.batches_until(10_000))


def run(model, settings, *, batches, data_dir, folder):
    """Trains and measures one variant where that is not done, and returns what study.json holds."""
    workdir = Workdir(folder / variant_name(model, settings))
    done = workdir.path / "study.json"
    if done.exists():
        return json.loads(done.read_text())
    if not workdir.saved_model.exists():
        command = [sys.executable, "train.py", "--model", model, "--workdir", str(workdir.path)]
        command += ["--data-dir", data_dir] if data_dir else []
        if workdir.last.exists():
            command.append("--resume")
        else:
            command += ["--steps", str(steps_for(model, settings, batches)), "--overwrite"]
            for name, value in changed_settings(model, settings).items():
                command += ["--set", f"{name}={value}"]
        print(" ".join(command), flush=True)
        status = subprocess.run(command, cwd=ROOT).returncode
        if status:
            sys.exit(status)
    config = workdir.read_config()
    result = {"minutes": workdir.history()[-1]["minutes"]}
    for split, limit in SPLITS.items():
        result[split] = evaluate(workdir, split=split, limit=limit, data_dir=data_dir)[config.model]
    workdir.write_json(done, result)
    return result


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


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", choices=STUDIES)
    parser.add_argument("--batches", type=int, default=BATCHES, help=f"of 64 images for each run ({BATCHES})")
    parser.add_argument("--data-dir", help="where TFDS keeps its data sets")
    arguments = parser.parse_args()
    folder = ROOT / "runs" / f"studies-{arguments.batches}"
    results = {}
    for model, settings in STUDIES[arguments.study]:
        options = {"batches": arguments.batches, "data_dir": arguments.data_dir, "folder": folder}
        results[variant_name(model, settings)] = run(model, settings, **options)
    print(f"\n{arguments.batches} batches of 64 images each\n\n{table(arguments.study, results)}")


if __name__ == "__main__":
    main()
