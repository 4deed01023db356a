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


def test_the_most_natural_is_the_best_once_the_adversary_has_settled(tmp_path):
    """After 100 steps of L2 and a third of the 90 with a critic: as sharp at step 110 is too early."""
    settings = {"steps": 190, "warmup_steps": 100, "head_start": 0, "validate_every": 10, "budget": "none"}
    config = with_settings(experiment("vgg_wgan"), settings)
    sharpness = {100: 0.6, 110: 1.0, 130: 1.0, 140: 0.8, 150: 0.9, 190: 0.85}
    trainer, workdir = Mock(), SimpleNamespace(best=tmp_path / "best.npz")
    trainer.state.return_value = {}
    progress = {"best": None, "best_step": None, "stale": 0, "stopped": False}
    batches = tf.data.Dataset.from_tensors({"image": tf.zeros([8, 32, 32, 3])})
    validation = Validation(
        trainer=trainer,
        config=config,
        journal=Mock(),
        batches=batches,
        workdir=workdir,
        progress=progress,
        monitor=Mock(),
    )
    validation.picture = Mock()
    chosen = []
    for step, value in sharpness.items():
        natural = {"seam": 1.0, "band_middle": 1.0, "band_high": 1.0}
        trainer.evaluate.return_value = {"hole_mse": 0.01, "sharpness": value, **natural}
        validation(step)
        chosen.append(progress["best_step"])
    assert chosen == [None, None, None, 140, 150, 150]
    assert checkpoints.load(workdir.best)[1]["best_step"] == 150
