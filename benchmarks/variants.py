"""The variants of each study, and how long they train: what benchmarks/study.py runs."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from inpainting.config.experiments import experiment
from inpainting.config.generators import DENSITY, ENCODERS
from inpainting.config.settings import with_settings

ROOT = Path(__file__).parent.parent
BATCHES = 3_000  # of 64 images: 4.3 epochs
SPLITS = {"train": 5_000, "validation": None}

SMALLER = {"filters": 64, "levels": 3, "blocks": 1}

# Each variant: a model and the settings that differ from it.
STUDIES = {
    "bottleneck": [("cnn_l2", {"bottleneck": size}) for size in (256, 512, 1000, 2000)],
    "encoders": [(f"{encoder}_l2", {}) for encoder in ENCODERS],
    "batchnorm": [
        ("cnn_l2", {}),
        ("cnn_l2", {"batch_normalization": "false"}),
        ("cnn_l2", {"pooling": "max", "filters": 64}),
    ],
    "overlap": [
        ("cnn_l2", {}),
        ("cnn_l2", {"overlap": 0}),
        ("cnn_l2", {"overlap_weight": 20}),
    ],
    "regularisation": [
        ("cnn_l2", {}),
        ("cnn_l2", {"dropout": 0.5}),
        ("cnn_l2", {"drop_connect": 0.2}),
        ("cnn_l2", {"l2_regularization": 1e-5}),
    ],
    "methods": [("vgg_l2", {"overlap": 0}), ("vgg_dcgan", {}), ("vgg_wgan", {})],
    "family": [
        (f"{encoder}_{method}", {"overlap": 0} if method == "l2" else {})
        for encoder in ENCODERS
        for method in ("l2", "dcgan", "wgan")
    ],
    "sees": [("vgg_wgan", {"sees": region}) for region in ("patch", "image", "hole")],
    "alpha": [("vgg_wgan", {"budget": "none", "alpha": alpha}) for alpha in (0.9, 0.98, 0.996)],
    "budget": [("vgg_wgan", {"budget": budget}) for budget in (1.1, 1.2, 1.3)],
    "unet": [
        ("unet_l2", {"steps": 1_940, **SMALLER}),
        ("unet_l2", {"steps": 2_330, **SMALLER, "batch_normalization": "false", "learning_rate": 1e-3}),
        ("unet_l2", {"steps": 2_850, "filters": 64}),
        ("unet_l2", {"steps": 2_700, "blocks": 1}),
        ("unet_l2", {"steps": 1_620}),
    ],
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
INITIAL = ROOT / "pretrained" / "vgg_l2"


def changed_settings(model, settings):
    """The settings that are not the model's own, but for how long it trains."""
    default = experiment(model)
    settings = {name: value for name, value in settings.items() if name != "steps"}
    return {name: value for name, value in settings.items() if with_settings(default, {name: value}) != default}


def variant_name(model, settings):
    return ",".join([model, *(f"{name}={value}" for name, value in changed_settings(model, settings).items())])


class Budget(NamedTuple):
    """What is the same for all variants of a study, so that they can be compared."""

    text: str
    folder: str  # in runs/
    steps: Callable  # (model, settings) -> steps of a variant
    splits: dict = SPLITS  # what it is measured on, name -> number of images or None for all
    initial: Path | None = None  # the folder of the L2 that it starts from
    classified: bool = False  # whether its validation is measured by c2st too


def budget_of(study, batches=BATCHES):
    """The Budget of a study, with so many batches of 64 images where they count."""

    def own_steps(model, settings):
        return experiment(model).training.steps

    def twentieth(model, settings):
        return round(own_steps(model, settings) / 20)

    def steps_of_the_batches(model, settings):
        probe = with_settings(experiment(model), {**settings, "steps": 10_000})
        return round(batches * 64 * 10_000 / (probe.batches_until(10_000) * probe.training.batch_size))

    if study in ("sees", "alpha", "budget"):  # of what follows the L2 alone
        text = f"1,000 steps from pretrained/{INITIAL.name}"
        return Budget(text, "studies-after-l2", lambda model, settings: 1_000, initial=INITIAL, classified=True)
    if study == "unet":
        text = "as many steps as took four minutes"
        return Budget(text, f"studies-{batches}", lambda model, settings: settings["steps"])
    if study == "density":
        return Budget("each model's own number of steps", "density", own_steps, {"test": None})
    if study in ("learning_rate", "segment_rows"):
        return Budget("a twentieth of each model's own number of steps", "studies-density", twentieth, {})
    text = f"{batches:,} batches of 64 images a run"
    return Budget(text, f"studies-{batches}", steps_of_the_batches)
