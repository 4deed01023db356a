"""Trainers around the one-layer networks of tests/dummies.py, by gradient descent that counts its updates."""

from tensorflow import keras

from inpainting.config.methods import Clip
from inpainting.training.autoencoder import AutoencoderTrainer
from inpainting.training.dcgan import DCGANTrainer
from inpainting.training.wgan import WGANTrainer
from tests.dummies import SIZE, CountingSGD, tiny_critic, tiny_generator


def networks():
    keras.utils.set_random_seed(1)
    return {"generator": tiny_generator(), "ema_generator": tiny_generator()}


def autoencoder(rate=1e-3, **settings):
    trainer = AutoencoderTrainer(**{**networks(), "overlap": 0, "overlap_weight": 1.0, **settings})
    trainer.compile(generator_optimizer=CountingSGD(rate))
    return trainer


def dcgan(discriminator_rate=1e-3, generator_rate=1e-3, **settings):
    chosen = {"alpha": 0.9, "seen": SIZE, "overlap": 0, "overlap_weight": 1.0, **settings}
    return _adversarial(DCGANTrainer, discriminator_rate, generator_rate, chosen)


def wgan(critic_rate=1e-3, generator_rate=1e-3, **settings):
    chosen = {
        "alpha": 0.9,
        "seen": SIZE,
        "overlap": 2,
        "overlap_weight": 20.0,
        "lipschitz": Clip(),
        **settings,
    }
    return _adversarial(WGANTrainer, critic_rate, generator_rate, chosen)


def _adversarial(trainer_class, adversary_rate, generator_rate, settings):
    trainer = trainer_class(**{**networks(), "adversary": tiny_critic(settings["seen"]), **settings})
    optimizers = {
        "generator_optimizer": CountingSGD(generator_rate),
        "adversary_optimizer": CountingSGD(adversary_rate),
    }
    if settings.get("warmup_steps"):
        optimizers["finetuning_optimizer"] = CountingSGD(generator_rate)
    trainer.compile(**optimizers)
    return trainer


def tracked(trainer):
    """What a trainer reports of its steps, by name."""
    return {
        name: float(value) for name, value in trainer.means.of(trainer.reported, trainer.means.total()).items()
    }
