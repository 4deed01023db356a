"""The trainers by method: a new one is a trainer in its own file and a line here."""

from tensorflow import keras

from inpainting.optimizers import Adam
from inpainting.trainers.autoencoder import AutoencoderTrainer
from inpainting.trainers.dcgan import DCGANTrainer
from inpainting.trainers.density import DensityTrainer
from inpainting.trainers.wgan import WGANTrainer

TRAINERS = {"l2": AutoencoderTrainer, "dcgan": DCGANTrainer, "wgan": WGANTrainer, "density": DensityTrainer}

FLOOR = 0.05  # of the learning rate, at the end: a WGAN's critic joins late, and its generator must still move


def learning_rate_schedule(config):
    """Linear warm-up to the learning rate, then cosine decay to FLOOR of it at the last step (section 7.1)."""
    # Deviation: section 7.1 decays the learning rate, but names no schedule.
    warmup = min(config.learning_rate_warmup, config.steps // 2)
    return keras.optimizers.schedules.CosineDecay(
        0.0, config.steps - warmup, alpha=FLOOR, warmup_target=config.learning_rate, warmup_steps=warmup
    )


def build_trainer(config, *, generator, ema_generator, adversary, jit, loss_scale=1.0):
    """The compiled trainer of a config's method around the networks; adversary is None where it has none."""
    trainer_class = TRAINERS[config.method]
    arguments = {name: getattr(config, name) for name in trainer_class.SETTINGS}
    optimizers = {
        "generator_optimizer": Adam(learning_rate_schedule(config), global_clipnorm=config.global_clipnorm)
    }
    if adversary is not None:
        arguments["adversary"] = adversary
        optimizers["adversary_optimizer"] = trainer_class.adversary_optimizer_at(config.critic_learning_rate)
    networks = {"generator": generator, "ema_generator": ema_generator}
    trainer = trainer_class(**networks, loss_scale=loss_scale, **arguments)
    trainer.compile(**optimizers, jit_compile=jit)
    return trainer
