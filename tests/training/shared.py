"""Twenty steps of a tiny model by gradient descent, on one device or several: python -m tests.training.shared

    MODEL OUT.npz [DEVICES [FOLDER]]

On dead leaves, or on a folder's pictures, read from disk while they are needed. The chief, of the workers that
TF_CONFIG names, writes every variable of the trainer's state to OUT.npz, those of the start as start/…, the
logged means as mean/….
"""

import sys

import numpy as np
from tensorflow import keras

from inpainting.config.experiments import experiment
from inpainting.config.settings import with_settings
from inpainting.training import build, dcgan, distribution, wgan
from inpainting.training.loop import Loop
from inpainting.training.workers import of_environment
from inpainting.variables import resource
from pipelines import datasets
from pipelines.inpainting import training_batches
from tests.conftest import SMALL, used_by
from tests.dummies import SGD

SETTINGS = {
    "image_size": 16,
    "batch_size": 8,
    "warmup_steps": 8,
    "head_start": 4,
    "lipschitz": "gradient_penalty",
    "generator.filters": 4,
    "levels": 2,
    "learning_rate_warmup": 2,
    "learning_rate": 0.003,
    "generator_learning_rate": 0.003,
    "adversary_learning_rate": 0.003,
    "dropout": 0.25,
    "mask": "rectangle",
    "sees": "image",
}


def state(trainer):
    return {
        f"{name}/{place:03d}": resource(variable).numpy()
        for name, variables in trainer.state().items()
        for place, variable in enumerate(variables)
    }


def main(model, path, devices=None, folder=None):
    workers = of_environment()
    strategy = distribution.strategy(workers, devices and int(devices))
    keras.utils.set_random_seed(1)
    for module in (build, dcgan, wgan):
        module.Adam = SGD
    settings = {
        "dataset": f"folder:{folder}" if folder else "dead_leaves",
        **used_by(model, {**SMALL, **SETTINGS}),
    }
    if model == "pixel_cnn":  # whose gradient is small
        settings["learning_rate"] = 0.3
    config = with_settings(experiment(model), settings)
    data, training = config.data, config.training
    images = datasets.load(
        data.dataset, "train", **data.source, limit=64, memory_limit=2**30 * (folder is None)
    )
    assert bool(images.endless) == bool(folder)
    with strategy.scope():
        trainer = build.build_trainer(config)
    before = {f"start/{name}": value for name, value in state(trainer).items()}
    for phase in config.phases:
        batches = training_batches(
            images,
            seed=training.seed,
            batch_size=training.batch_size,
            batches_per_step=phase.batches_per_step,
            start=phase.start,
            first_batch=config.batches_until(phase.start),
            augmentations=data.augmentations,
            **data.masking,
        )
        trainer.begin_phase(phase)
        loop = Loop(trainer, batches)
        for _ in range(phase.start, phase.end):
            loop.step()
    means = trainer.means.of(trainer.reported, trainer.means.total())
    if workers.is_chief:
        means = {f"mean/{name}": float(value) for name, value in means.items()}
        np.savez(path, replicas=strategy.num_replicas_in_sync, **before, **state(trainer), **means)


if __name__ == "__main__":
    main(*sys.argv[1:])
