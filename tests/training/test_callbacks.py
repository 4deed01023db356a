"""When the log warns that one side of an adversarial training has won, and which checkpoint is the best."""

from types import SimpleNamespace
from unittest.mock import Mock

import pytest
import tensorflow as tf

from inpainting import checkpoints
from inpainting.config.experiments import experiment
from inpainting.config.settings import with_settings
from inpainting.training.callbacks import Balance, Validation


def warnings(logs):
    balance = Balance()
    return [index for index, values in enumerate(logs, 1) if balance.judge(values)]


@pytest.mark.parametrize(
    ("values", "warned"),
    [
        ({"discriminator_accuracy": 0.99}, [10, 20]),
        ({"discriminator_accuracy": 0.5}, [10, 20]),
        ({"discriminator_accuracy": 0.8}, []),
        ({"wasserstein_estimate": -0.1}, [10, 20]),
        ({"wasserstein_estimate": 0.1}, []),
        ({"loss": 1.0}, []),
    ],
)
def test_one_side_has_won_for_long(values, warned):
    assert warnings([values] * 25) == warned


def test_the_same_verdict_counts_whatever_the_digits():
    assert warnings([{"discriminator_accuracy": 0.985 + 0.005 * (index % 3)} for index in range(25)]) == [
        10,
        20,
    ]


def test_the_count_starts_over_when_the_balance_is_back():
    strong, even = {"discriminator_accuracy": 1.0}, {"discriminator_accuracy": 0.7}
    assert warnings([strong] * 9 + [even] + [strong] * 10) == [20]


@pytest.fixture
def validated(tmp_path):
    """A function: the best step after each of the validations, step -> metrics, of a vgg_wgan."""

    def run(values, progress=None, **settings):
        trainer, workdir = Mock(), SimpleNamespace(best=tmp_path / "best.npz")
        trainer.state.return_value = {}
        progress = {"best": None, "best_step": None, "stale": 0, "stopped": False, **(progress or {})}
        validation = Validation(
            trainer=trainer,
            config=with_settings(experiment("vgg_wgan"), {"validate_every": 10, **settings}),
            journal=Mock(),
            batches=tf.data.Dataset.from_tensors({"image": tf.zeros([8, 32, 32, 3])}),
            workdir=workdir,
            progress=progress,
            monitor=Mock(),
        )
        validation.picture = Mock()
        chosen = []
        for step, metrics in values.items():
            trainer.evaluate.return_value = {"seam": 1.0, "band_middle": 1.0, "band_high": 1.0, **metrics}
            validation(step)
            chosen.append(progress["best_step"])
        assert checkpoints.load(workdir.best)[1]["best_step"] == chosen[-1]
        return chosen

    return run


def test_the_most_natural_is_the_best_once_the_adversary_has_settled(validated):
    """After 100 steps of L2 and a third of the 90 with a critic: as sharp at step 110 is too early."""
    sharpness = {100: 0.6, 110: 1.0, 130: 1.0, 140: 0.8, 150: 0.9, 190: 0.85}
    values = {step: {"hole_mse": 0.01, "sharpness": value} for step, value in sharpness.items()}
    settings = {"steps": 190, "warmup_steps": 100, "head_start": 0}
    assert validated(values, **settings) == [None, None, None, 140, 150, 150]


def test_what_is_far_beyond_the_budget_is_not_the_best(validated):
    """The L2 had 0.01, so a validation may have 1.05 · 1.2 times that, 0.0126: beyond, 10 for each 100 %.

    0.013 is 3 % beyond and costs 0.32; sharpness 0.8 costs |ln 0.8| / 4 = 0.06.
    """
    settings = {"steps": 190, "warmup_steps": 0, "head_start": 10}
    values = {100: {"hole_mse": 0.0125, "sharpness": 0.8}, 110: {"hole_mse": 0.013, "sharpness": 1.0}}
    assert validated(values, {"l2_error": 0.01}, **settings) == [100, 100]
    assert validated(values, {"l2_error": 0.011}, **settings) == [100, 110]
